import { useRef } from 'preact/hooks';
import { LogoIcon } from './icons.tsx';
import { type Session, startSession } from './session.ts';
import { settings } from './settings.ts';
import { ThemeChoice } from './top-bar.tsx';

interface SignInProps {
  /** Why a key is asked for again; null the first time. */
  readonly problem: string | null;
  onSession(session: Session): void;
}

/** Asks for a key or a session token; offers the demo's where there is one. */
export function SignIn({ problem, onSession }: SignInProps) {
  const input = useRef<HTMLInputElement>(null);
  const { demoKey } = settings;
  const submit = (event: Event) => {
    event.preventDefault();
    const key = input.current?.value.trim();
    if (key) onSession(startSession(key));
  };
  return (
    <main class="sign-in">
      <form onSubmit={submit}>
        <LogoIcon />
        <h1>Calls</h1>
        <p class="sign-in-text">
          Your calls, seen with your API key or session token. It is kept in this browser tab only.
        </p>
        {problem !== null && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        <label>
          API key or session token
          <input
            ref={input}
            type="password"
            autocomplete="off"
            spellcheck={false}
            placeholder="kros_live_…"
            required
          />
        </label>
        <button type="submit" class="button primary">
          Show calls
        </button>
        {demoKey !== null && (
          <button type="button" class="button" onClick={() => onSession(startSession(demoKey))}>
            Use the demo key
          </button>
        )}
        <ThemeChoice />
      </form>
    </main>
  );
}
