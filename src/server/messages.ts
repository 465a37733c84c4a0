import type { TurnsOptions } from '../limits/turns.ts';
import type { CallerEvents } from '../request-caller.ts';
import type { RefusalForms } from './refusal-forms.ts';

/** What the HTTP thread is started with. */
export interface HttpThreadOptions {
  readonly host: string;
  readonly port: number;
  readonly requestsMax: number;
  readonly turns: TurnsOptions;
  /** How many requests wait for their turn: one number, shared with who reports it. */
  readonly waiting: Int32Array;
  readonly corsOrigins: readonly string[];
  readonly overloaded: RefusalForms;
  readonly limited: RefusalForms;
}

export interface RequestHead {
  readonly method: string;
  readonly url: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  /** Of who is at the other end of the connection. */
  readonly address: string | undefined;
  readonly waitedMs: number;
  readonly isLate: boolean;
}

/** A request's body, or why there is none. */
export type RequestBody =
  | { readonly text: string }
  | { readonly problem: 'PAYLOAD_TOO_LARGE' | 'OVERLOADED' | 'ABORTED' };

/** What the thread that has the connections tells the one that has the app: arguments by their message's name. */
export interface ToAppThread {
  listening: [url: string];
  failedToListen: [error: Pick<NodeJS.ErrnoException, 'message' | 'code' | 'syscall'>];
  /** Without a body where that is on its way. */
  request: [id: number, head: RequestHead, body: RequestBody | null];
  body: [id: number, body: RequestBody];
  pull: [id: number];
  cancel: [id: number];
  log: [level: 'info' | 'warn', line: object, message: string];
  stopped: [];
}

/** And the other way. */
export interface ToHttpThread extends CallerEvents {
  text: [id: number, status: number, headers: Record<string, string>, body: string];
  response: [id: number, status: number, headers: [string, string][], body: ResponseBody];
  failed: [id: number];
  piece: [id: number, bytes: Bytes];
  end: [id: number];
  /** Ends the request's connection so that nobody takes what came for whole. */
  reset: [id: number];
  stop: [];
}

export type Bytes = Uint8Array<ArrayBuffer>;
/** 'pulled': the pieces follow, each when it is pulled. */
export type ResponseBody = Bytes | 'pulled' | null;

type Messages<Type> = Record<keyof Type, unknown[]>;
type Message<Type extends Messages<Type>> = { [Name in keyof Type]: [Name, ...Type[Name]] }[keyof Type];
export type Handlers<Type extends Messages<Type>> = {
  readonly [Name in keyof Type]: (...message: Type[Name]) => void;
};

interface Port {
  postMessage(batch: unknown): void;
  on(event: 'message', listener: (batch: unknown) => void): unknown;
}

export interface Channel<Sent extends Messages<Sent>> {
  post(...message: Message<Sent>): void;
  /** Posts what the function gives when the message is sent. */
  postLate(toMessage: () => Message<Sent>): void;
  receive<Received extends Messages<Received>>(handlers: Handlers<Received>): void;
}

/**
 * Tells the other thread what is posted in one turn of the event loop together: to be woken costs a thread more than what it
 * is told.
 */
export function openChannel<Sent extends Messages<Sent>>(port: Port): Channel<Sent> {
  let posted: (() => Message<Sent>)[] = [];
  function send(): void {
    const batch = posted;
    posted = [];
    port.postMessage(batch.map((toMessage) => toMessage()));
  }
  function postLate(toMessage: () => Message<Sent>): void {
    posted.push(toMessage);
    if (posted.length === 1) setImmediate(send);
  }
  return {
    postLate,
    post: (...message) => postLate(() => message),
    receive<Received extends Messages<Received>>(handlers: Handlers<Received>) {
      port.on('message', (batch) => {
        for (const [name, ...message] of batch as Message<Received>[]) handlers[name](...message);
      });
    },
  };
}
