import { useEffect, useRef, useState } from 'preact/hooks';
import { type ExportProgress, exportCalls } from './export-calls.ts';
import { nameExport } from './export-name.ts';
import type { CallFilter } from './filter.ts';
import { formatCount } from './format.ts';
import { DownloadIcon } from './icons.tsx';
import { chooseSaveTarget } from './save-target.ts';
import type { Session } from './session.ts';

interface ExportButtonProps {
  readonly session: Session;
  readonly filter: CallFilter;
  readonly zone: string;
  readonly isBlocked: boolean;
}

/** Saves all calls of the filter: how far it is, and a way to end it. */
export function ExportButton({ isBlocked, ...parts }: ExportButtonProps) {
  const { progress, said, run, cancel } = useExport(parts);
  return (
    <>
      <span class="said" role="status">
        {said}
      </span>
      {progress !== null ? (
        <>
          <progress
            aria-label="Export"
            {...(progress.total > 0 && { value: progress.calls, max: progress.total })}
          />
          {progress.total > 0 && (
            <span class="export-count">
              {formatCount(progress.calls)} of {formatCount(progress.total)}
            </span>
          )}
          <button type="button" class="button" onClick={cancel}>
            Cancel export
          </button>
        </>
      ) : (
        <button type="button" class="button" disabled={isBlocked} onClick={run}>
          <DownloadIcon /> Export CSV
        </button>
      )}
    </>
  );
}

function useExport({ session, filter, zone }: Omit<ExportButtonProps, 'isBlocked'>) {
  const [progress, setProgress] = useState<ExportProgress | null>(null);
  const [said, setSaid] = useState('');
  const controller = useRef<AbortController | null>(null);
  useEffect(() => () => controller.current?.abort(), []);
  const run = async () => {
    const target = await chooseSaveTarget(nameExport(filter, zone));
    if (target === null) return;
    controller.current = new AbortController();
    const { signal } = controller.current;
    setSaid('Exporting…');
    setProgress({ calls: 0, total: 0 });
    try {
      await exportCalls({ session, filter, zone, target, signal, onProgress: setProgress });
      setSaid('Exported.');
    } catch (error) {
      setSaid(signal.aborted ? 'Export cancelled.' : (error as Error).message);
    }
    setProgress(null);
  };
  return { progress, said, run, cancel: () => controller.current?.abort() };
}
