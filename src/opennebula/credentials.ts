/** How the bot proves to a zone's daemons who it is. */
import { credential, Redactor, type Revealing, Secret } from "../secret.ts";

/** The bot's account. What it is proven with is asked for at each call and kept nowhere else. */
export interface Credentials {
  readonly user: string;
  /** The password, or what stands in its place. Throws `ZoneError` where there is none for now. */
  current(): Promise<Secret>;
  /** A zone has refused that one. Whether there is another, with which the call may be sent again; throws as `current` does. */
  replace(refused: Secret): Promise<boolean>;
  /** Knows all that zones have been shown. */
  readonly redactor: Redactor;
}

/** There is no other password. */
export function byPassword(user: string, password: Revealing): Credentials {
  return {
    user,
    current: () => Promise.resolve(new Secret(password.reveal())),
    replace: () => Promise.resolve(false),
    redactor: new Redactor([password, credential(user, password)]),
  };
}
