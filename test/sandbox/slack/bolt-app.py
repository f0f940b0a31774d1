"""A small Bolt app as people write them in Python: a command, a button and a modal, answered on the loopback only."""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from slack_bolt import App, BoltRequest
from slack_sdk import WebClient

app = App(
    signing_secret=os.environ["SLACK_SIGNING_SECRET"],
    client=WebClient(os.environ["TOKEN"], base_url=os.environ["SLACK_API_URL"]),
)


@app.command("/flower")
def command(ack, command, client, respond):
    ack("Heard.")
    approve = {
        "type": "button",
        "action_id": "approve",
        "text": {"type": "plain_text", "text": "Approve"},
        "value": "opaque",
    }
    client.chat_postMessage(
        channel=command["channel_id"],
        text=f"{command['text']}?",
        blocks=[
            {"type": "section", "text": {"type": "mrkdwn", "text": f"*{command['text']}*?"}},
            {"type": "actions", "elements": [approve]},
        ],
    )
    respond("The card is posted.")


@app.action("approve")
def approve(ack, body, client):
    ack()
    reason = {"type": "plain_text_input", "action_id": "typed"}
    client.views_open(
        trigger_id=body["trigger_id"],
        view={
            "type": "modal",
            "callback_id": "why",
            "private_metadata": body["message"]["ts"],
            "title": {"type": "plain_text", "text": "Why?"},
            "submit": {"type": "plain_text", "text": "Send"},
            "blocks": [
                {
                    "type": "input",
                    "block_id": "because",
                    "label": {"type": "plain_text", "text": "Because"},
                    "element": reason,
                }
            ],
        },
    )


@app.view("why")
def why(ack, body, view, client):
    because = view["state"]["values"]["because"]["typed"]["value"]
    if because == "no":
        ack(response_action="errors", errors={"because": "Say more."})
        return
    ack()
    client.chat_update(
        channel=os.environ["CHANNEL"],
        ts=view["private_metadata"],
        text=f"Approved by <@{body['user']['id']}>: {because}",
        blocks=[],
    )


@app.event("app_mention")
def mentioned(event, client):
    client.chat_postEphemeral(channel=event["channel"], user=event["user"], text="You called.")


class Door(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        answer = app.dispatch(BoltRequest(body=body, headers=dict(self.headers.items())))
        self.send_response(answer.status)
        for name, values in answer.headers.items():
            for value in values:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body.encode())

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
print(f"ready {server.server_port}", flush=True)
server.serve_forever()
