import type { CallWithBelongings } from '../../calls/belongings.ts';
import type { CallEvent } from '../../calls/events.ts';
import type { Page } from '../../calls/page-request.ts';
import { builder } from '../builder.ts';
import { parseConnectionArgs, toConnection } from '../connection.ts';
import { isPromise } from '../execution/members.ts';
import { CallEventNode, callEventPosition } from './call-event.ts';
import { CallDirectionEnum, CallStatusEnum, EnvironmentEnum, HangupCauseEnum } from './enums.ts';
import { OrganizationNode } from './organization.ts';
import { PhoneNumberNode } from './phone-number.ts';
import { CallRecording } from './recording.ts';

export const CallNode = builder.objectRef<CallWithBelongings>('Call');

builder.node(CallNode, {
  description: 'The record of one call.',
  id: { resolve: (call) => call.id },
  fields: (t) => ({
    uuid: t.field({ type: 'UUID', description: 'Its id in the REST API.', resolve: (call) => call.id }),
    organization: t.field({
      type: OrganizationNode,
      description: 'The organization it belongs to.',
      resolve: (call) => ({ id: call.organizationId }),
    }),
    environment: t.expose('environment', { type: EnvironmentEnum, description: 'Live or test.' }),
    phoneNumber: t.field({
      type: PhoneNumberNode,
      nullable: true,
      description: 'The organization’s number that took part; null where none is known.',
      resolve: (call) => (call.phoneNumberId === null ? null : { id: call.phoneNumberId }),
    }),
    endpointId: t.exposeString('endpointId', {
      nullable: true,
      description: 'The endpoint (device, agent, application) that took part.',
    }),
    fromNumber: t.exposeString('fromNumber', { description: 'The calling party, E.164.' }),
    toNumber: t.exposeString('toNumber', { description: 'The called party, E.164.' }),
    direction: t.expose('direction', { type: CallDirectionEnum, description: 'Inbound or outbound.' }),
    status: t.expose('status', { type: CallStatusEnum, description: 'How far it is, or how it ended.' }),
    durationSeconds: t.exposeInt('duration', {
      nullable: true,
      description: 'Whole seconds of talk time; null until the call is over.',
    }),
    costCents: t.exposeInt('costCents', { nullable: true, description: 'What it cost, in cents.' }),
    hangupCause: t.expose('hangupCause', {
      type: HangupCauseEnum,
      nullable: true,
      description: 'Why it ended; null until the call is over.',
    }),
    transcript: t.exposeString('transcript', {
      nullable: true,
      description: 'What was said; null where it was not transcribed.',
    }),
    metadata: t.expose('metadata', {
      type: 'JSON',
      nullable: true,
      description: 'What the platform’s users attached to it; null where that is JSON’s null.',
    }),
    createdAt: t.expose('createdAt', {
      type: 'DateTime',
      description: 'When it began: what calls are ordered by.',
    }),
    answeredAt: t.expose('answeredAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was answered; null where it was not.',
    }),
    completedAt: t.expose('completedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was over; null until then.',
    }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When its record last changed.' }),
    events: t.connection(
      {
        type: CallEventNode,
        description: 'What happened in the call, oldest first.',
        args: { type: t.arg.string({ description: 'Only events of this type, such as call.answered.' }) },
        resolve: (call, { type, ...args }, { scope: { caller }, loaders, pageSizeMax }) => {
          const toEvents = (page: Page<CallEvent>) => toConnection('events', caller, page, callEventPosition);
          const page = loaders.eventsOf(
            call,
            type ?? null,
            parseConnectionArgs('events', caller, args, pageSizeMax),
          );
          return isPromise(page) ? page.then(toEvents) : toEvents(page);
        },
      },
      { name: 'CallEventConnection', description: 'A page of the events of a call.' },
      { name: 'CallEventEdge', description: 'An event in a page.' },
    ),
    recording: t.field({
      type: CallRecording,
      nullable: true,
      description: 'Its recording; null where there is none.',
      resolve: (call, _args, { loaders }) => loaders.recordingOf(call),
    }),
  }),
});
