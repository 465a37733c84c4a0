import { deleteCall } from '../../calls/delete.ts';
import { AppError, callInProgress, callNotFound } from '../../errors.ts';
import { builder } from '../builder.ts';
import { encodeGlobalId, toUuid } from '../global-id.ts';
import { CallStatusEnum } from './enums.ts';

const DeleteCallInput = builder.inputType('DeleteCallInput', {
  description: 'Which call to delete.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'A UUID or a global id.' }),
    force: t.boolean({ defaultValue: false, description: 'Delete it even if it is not over yet.' }),
  }),
});

interface Failure {
  readonly message: string;
  readonly code: string;
}

const UserError = builder.interfaceRef<Failure>('UserError').implement({
  description: 'Why a mutation did nothing.',
  fields: (t) => ({
    message: t.exposeString('message', { description: 'For a person.' }),
    code: t.exposeString('code', { description: 'For a program: the code that REST answers with.' }),
  }),
});

const DeleteCallSuccess = builder
  .objectRef<{ readonly __typename: 'DeleteCallSuccess'; readonly uuid: string }>('DeleteCallSuccess')
  .implement({
    description: 'The call, its events and its recording are gone.',
    fields: (t) => ({
      deletedCallId: t.id({
        description: 'The global id of the call that is gone, for clients to drop from their caches.',
        resolve: ({ uuid }) => encodeGlobalId('Call', uuid),
      }),
      uuid: t.expose('uuid', { type: 'UUID', description: 'Its id in the REST API.' }),
    }),
  });

const CallNotFoundError = builder
  .objectRef<Failure & { readonly __typename: 'CallNotFoundError' }>('CallNotFoundError')
  .implement({ description: 'There is no such call.', interfaces: [UserError], isTypeOf: () => true });

const CallInProgressError = builder
  .objectRef<Failure & { readonly __typename: 'CallInProgressError'; readonly status: string }>(
    'CallInProgressError',
  )
  .implement({
    description: 'The call is not over yet, and `force` was not given.',
    interfaces: [UserError],
    fields: (t) => ({
      status: t.field({
        type: CallStatusEnum,
        description: 'How far the call is.',
        resolve: ({ status }) => status as never,
      }),
    }),
  });

const DeleteCallResult = builder.unionType('DeleteCallResult', {
  description: 'What became of a deletion.',
  types: [DeleteCallSuccess, CallNotFoundError, CallInProgressError],
  resolveType: ({ __typename }) => __typename,
});

builder.mutationField('deleteCall', (t) =>
  t.field({
    type: DeleteCallResult,
    description: 'Deletes a call with its events and its recording, for good. Needs the scope calls:write.',
    extensions: { cost: 10 },
    args: { input: t.arg({ type: DeleteCallInput, required: true, description: 'Which call.' }) },
    resolve: async (_root, { input }, { scope, requestId, noteDeletion }) => {
      const uuid = toUuid('input.id', 'Call', input.id);
      if (uuid === null) return toFailure('CallNotFoundError', callNotFound());
      const question = { id: uuid, force: input.force ?? false, requestId };
      const deletion = await deleteCall(scope, question).catch((error: unknown) => {
        const isRefused = error instanceof AppError && error.status < 500;
        noteDeletion({ callId: uuid, outcome: isRefused ? 'refused' : 'failed' });
        throw error;
      });
      noteDeletion({ callId: uuid, outcome: deletion.outcome });
      switch (deletion.outcome) {
        case 'deleted':
          return { __typename: 'DeleteCallSuccess' as const, uuid };
        case 'not_found':
          return toFailure('CallNotFoundError', callNotFound());
        case 'in_progress':
          return { ...toFailure('CallInProgressError', callInProgress()), status: deletion.status };
      }
    },
  }),
);

function toFailure<Name extends string>(typename: Name, { message, code }: Failure) {
  return { __typename: typename, message, code };
}
