/**
 * Which delivery goes to whom. Bolt asks every one of its listeners whether a delivery is theirs: with one for each button,
 * half of what a command leaves to the collector of memory comes of that. So there is one for each kind of delivery, which
 * looks up by name whose it is.
 */
import type {
  App,
  BlockAction,
  SlackActionMiddlewareArgs,
  SlackCommandMiddlewareArgs,
  SlackViewMiddlewareArgs,
  ViewClosedAction,
  ViewSubmitAction,
} from "@slack/bolt";

type Handler<T> = (delivery: T) => Promise<void>;
type CommandDelivery = Pick<SlackCommandMiddlewareArgs, "ack" | "body" | "respond">;
type ClickDelivery = Pick<SlackActionMiddlewareArgs<BlockAction>, "ack" | "body" | "respond">;
type SubmissionDelivery = Pick<SlackViewMiddlewareArgs<ViewSubmitAction>, "ack" | "body">;

export class Dispatcher {
  readonly #commands = new Map<string, Handler<CommandDelivery>>();
  readonly #clicks = new Map<string, Handler<ClickDelivery>>();
  readonly #submissions = new Map<string, Handler<SubmissionDelivery>>();
  readonly #events = new Map<string, Handler<unknown>>();

  command(name: string, handle: Handler<CommandDelivery>): void {
    this.#commands.set(name, handle);
  }

  click(actionId: string, handle: Handler<ClickDelivery>): void {
    this.#clicks.set(actionId, handle);
  }

  submission(callbackId: string, handle: Handler<SubmissionDelivery>): void {
    this.#submissions.set(callbackId, handle);
  }

  /** An event is acknowledged before it is handled. */
  event(type: string, handle: Handler<unknown>): void {
    this.#events.set(type, handle);
  }

  /**
   * Whatever is nobody's is acknowledged: Slack shows an error to whoever used something that nothing acknowledges, such
   * as a button of an older version. `unknownCommand` does so for commands.
   */
  attach(app: App, unknownCommand: Handler<CommandDelivery>): void {
    app.command(ANY, (delivery) => (this.#commands.get(delivery.command.command) ?? unknownCommand)(delivery));
    app.action({ type: "block_actions" }, (delivery) =>
      (this.#clicks.get(delivery.action.action_id) ?? acknowledged)(delivery),
    );
    app.view<ViewSubmitAction>({ callback_id: ANY, type: "view_submission" }, (delivery) =>
      (this.#submissions.get(delivery.view.callback_id) ?? acknowledged)(delivery),
    );
    app.view<ViewClosedAction>({ callback_id: ANY, type: "view_closed" }, acknowledged);
    app.options(ANY, ({ ack }) => ack({ options: [] }));
    app.shortcut(ANY, acknowledged);
    app.event(ANY, async ({ event }) => this.#events.get(event.type)?.(event));
  }
}

const ANY = /.*/;

const acknowledged = async ({ ack }: { readonly ack: () => Promise<void> }): Promise<void> => ack();
