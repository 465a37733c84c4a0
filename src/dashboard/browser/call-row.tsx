import type { CallRow } from './answers.ts';
import { formatCost, formatDateTime, formatDuration } from './format.ts';
import { InboundIcon, OutboundIcon, RecordingIcon } from './icons.tsx';
import { settings } from './settings.ts';
import { StatusMark } from './status-mark.tsx';

interface RowProps {
  readonly call: CallRow;
  readonly zone: string;
  /** The address of the page with the call's details open. */
  readonly href: string;
}

/** One call in the table. Its link takes the usual keys; a click beside it follows it, but not beside a number. */
export function Row({ call, zone, href }: RowProps) {
  const isInbound = call.direction === 'INBOUND';
  const onClick = (event: MouseEvent) => {
    const target = event.target as Element;
    const isSelecting = getSelection()?.isCollapsed === false;
    if (isSelecting || target.closest('a, .phone') !== null) return;
    (event.currentTarget as Element).querySelector('a')?.click();
  };
  return (
    <tr onClick={onClick}>
      <th scope="row">
        <span class={isInbound ? 'direction inbound' : 'direction outbound'}>
          {isInbound ? <InboundIcon /> : <OutboundIcon />}
          <span class="visually-hidden">{isInbound ? 'Inbound' : 'Outbound'}</span>
        </span>
        <a class="link" href={href}>
          {formatDateTime(call.createdAt, zone)}
        </a>
      </th>
      <td>
        <StatusMark status={call.status} />
      </td>
      <td class="phone" data-title="From">
        {call.fromNumber}
      </td>
      <td class="phone" data-title="To">
        {call.toNumber}
      </td>
      <td class="number" data-title="Talk time">
        {formatDuration(call.durationSeconds)}
      </td>
      <td class="number" data-title="Cost">
        {formatCost(call.costCents, settings.currency)}
      </td>
      <td class="recording">
        {call.recording !== null && (
          <span title="Has a recording">
            <RecordingIcon />
            <span class="visually-hidden">Has a recording</span>
          </span>
        )}
      </td>
    </tr>
  );
}
