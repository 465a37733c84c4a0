import type { Position } from '../../calls/cursor.ts';
import type { CallEvent } from '../../calls/events.ts';
import { builder } from '../builder.ts';

export const CallEventNode = builder.objectRef<CallEvent>('CallEvent');

builder.node(CallEventNode, {
  description: 'Something that happened in a call.',
  id: { resolve: (event) => event.id },
  fields: (t) => ({
    uuid: t.field({ type: 'UUID', description: 'Its id in the REST API.', resolve: (event) => event.id }),
    type: t.exposeString('type', {
      description:
        'What happened: call.initiated, call.answered, recording.ready … or a word.word of the platform’s users.',
    }),
    timestamp: t.expose('timestamp', { type: 'DateTime', description: 'When it happened.' }),
    data: t.expose('data', {
      type: 'JSON',
      nullable: true,
      description: 'What else is known of it; null where that is JSON’s null.',
    }),
  }),
});

/** Where an event is in the order of a call’s events. */
export function callEventPosition(event: CallEvent): Position {
  return { at: Date.parse(event.timestamp), id: event.id };
}
