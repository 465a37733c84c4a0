import type { Recording } from '../../calls/detail.ts';
import { builder } from '../builder.ts';
import { RecordingStatusEnum } from './enums.ts';

const RecordingUrl = builder
  .objectRef<{ readonly url: string; readonly expiresAt: number }>('RecordingUrl')
  .implement({
    description: 'An address that plays a recording for a while.',
    fields: (t) => ({
      url: t.exposeString('url', { description: 'The signed address.' }),
      expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When the address stops working.' }),
    }),
  });

export const CallRecording = builder.objectRef<Recording>('CallRecording').implement({
  description: 'The recording of a call.',
  fields: (t) => ({
    status: t.expose('status', { type: RecordingStatusEnum, description: 'Whether it can be played.' }),
    format: t.exposeString('format', { nullable: true, description: 'Its audio format, such as mp3.' }),
    sizeBytes: t.expose('sizeBytes', {
      type: 'BigInt',
      nullable: true,
      description: 'The size of its file.',
    }),
    durationSeconds: t.exposeInt('durationSeconds', { nullable: true, description: 'How long it plays.' }),
    url: t.field({
      type: RecordingUrl,
      nullable: true,
      description:
        'Where it plays, signed for this request; null where it is not ready or recordings have no storage.',
      resolve: () => null,
    }),
  }),
});
