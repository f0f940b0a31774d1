"""A small Bolt app as people write them in Python: a command, a button and a modal.

With APP_TOKEN it opens a connection of Socket Mode, else it listens for signed requests on the loopback."""

import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from slack_bolt import App, BoltRequest
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

app = App(
    signing_secret=os.environ.get("SLACK_SIGNING_SECRET", "none"),
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


if "APP_TOKEN" in os.environ:
    SocketModeHandler(app, os.environ["APP_TOKEN"]).connect()
    print("ready", flush=True)
    threading.Event().wait()

server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
print(f"ready {server.server_port}", flush=True)
server.serve_forever()
