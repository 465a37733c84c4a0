import '../../assets/browser/theme.css';
import './page.css';
import './controls.css';
import './widgets.css';
import './calls.css';
import './media.css';
import { render } from 'preact';
import { useCallback, useState } from 'preact/hooks';
import { readTheme, showTheme } from '../../assets/browser/theme.ts';
import { Board } from './board.tsx';
import type { RequestError } from './request-error.ts';
import { readSession, type Session, storeSession } from './session.ts';
import { SignIn } from './sign-in.tsx';

function Dashboard() {
  const [session, setSession] = useState(beginSession);
  const [problem, setProblem] = useState<string | null>(null);
  const change = useCallback((next: Session | null) => {
    storeSession(next);
    setProblem(null);
    setSession(next);
  }, []);
  const refuse = useCallback(
    (error: RequestError) => {
      change(null);
      setProblem(error.message);
    },
    [change],
  );
  if (session === null) return <SignIn problem={problem} onSession={change} />;
  return <Board session={session} onSession={change} onRefused={refuse} />;
}

/** A demo's session is kept too, so that GraphiQL finds it. */
function beginSession(): Session | null {
  const session = readSession();
  if (session !== null) storeSession(session);
  return session;
}

showTheme(readTheme());
const root = document.getElementById('dashboard');
if (root !== null) {
  root.textContent = '';
  render(<Dashboard />, root);
}
