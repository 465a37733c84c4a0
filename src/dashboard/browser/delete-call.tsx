import { useEffect, useRef, useState } from 'preact/hooks';
import type { DeletionData } from './answers.ts';
import { isLive, type Status } from './call-words.ts';
import { documents } from './documents.ts';
import { execute } from './graphql.ts';
import type { Session } from './session.ts';

interface DeleteCallProps {
  readonly session: Session;
  readonly uuid: string;
  readonly status: Status;
  /** Null: not known yet. */
  readonly mayDelete: boolean | null;
  onDeleted(): void;
}

/** Deletes after a question; a call that is not over yet only where that is said as well. */
export function DeleteCall({ session, uuid, status, mayDelete, onDeleted }: DeleteCallProps) {
  const [isAsking, setIsAsking] = useState(false);
  if (mayDelete === null) return null;
  if (!mayDelete)
    return <p class="quiet-note">This key may not delete calls: it lacks the scope calls:write.</p>;
  if (isAsking) {
    const close = () => setIsAsking(false);
    return <Confirmation {...{ session, uuid, status, onDeleted }} onCancel={close} />;
  }
  return (
    <button type="button" class="button danger" onClick={() => setIsAsking(true)}>
      Delete call…
    </button>
  );
}

type ConfirmationProps = Omit<DeleteCallProps, 'mayDelete'> & { onCancel(): void };

/** The deletion of a call: what it needs, how it stands, and what went wrong. */
function useDeletion({ session, uuid, status, onDeleted }: Omit<ConfirmationProps, 'onCancel'>) {
  const [needsForce, setNeedsForce] = useState(isLive(status));
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setIsBusy] = useState(false);
  const run = async (force: boolean) => {
    setIsBusy(true);
    try {
      const input = { id: uuid, force };
      const { deleteCall } = await execute<DeletionData>(session, documents.deletion, { input });
      if (deleteCall.__typename !== 'CallInProgressError') return onDeleted();
      setNeedsForce(true);
      setProblem('This call is not over yet.');
    } catch (error) {
      setProblem((error as Error).message);
    }
    setIsBusy(false);
  };
  return { needsForce, problem, isBusy, run };
}

function Confirmation({ onCancel, ...call }: ConfirmationProps) {
  const { needsForce, problem, isBusy, run } = useDeletion(call);
  const [force, setForce] = useState(false);
  const cancel = useRef<HTMLButtonElement>(null);
  useEffect(() => cancel.current?.focus(), []);
  return (
    <div class="confirmation" role="alertdialog" aria-labelledby="confirm" aria-describedby="confirm-text">
      <strong id="confirm">Delete this call for good?</strong>
      <p id="confirm-text" class="confirmation-text">
        Its events and its recording go with it, and every total changes at once.
      </p>
      {problem !== null && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {needsForce && (
        <label>
          <input
            type="checkbox"
            checked={force}
            onChange={(event) => setForce(event.currentTarget.checked)}
          />
          Delete it although the call is not over yet
        </label>
      )}
      <div class="confirmation-tools">
        <button type="button" class="button" ref={cancel} onClick={onCancel}>
          Keep it
        </button>
        <button
          type="button"
          class="button danger solid"
          disabled={isBusy || (needsForce && !force)}
          onClick={() => run(force)}
        >
          Delete
        </button>
      </div>
    </div>
  );
}
