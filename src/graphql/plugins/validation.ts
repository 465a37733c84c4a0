import {
  GraphQLError,
  NoSchemaIntrospectionCustomRule,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { refusal, withCode } from '../errors.ts';

/** In all; of more, the last one says so. */
const validationErrorsMax = 10;

/** Validates with our rules besides graphql-js's; errors have their code, and at most ten are listed. */
export function useValidation({ introspection }: { readonly introspection: boolean }): Plugin {
  const rules = introspection ? [KnownRootTypesRule] : [KnownRootTypesRule, NoSchemaIntrospectionCustomRule];
  return {
    onValidate({ addValidationRule }) {
      for (const rule of rules) addValidationRule(rule);
      return ({ valid, result, setResult }) => {
        if (!valid) setResult(listErrors(result as readonly GraphQLError[], introspection));
      };
    },
  };
}

/** Validation errors as callers see them; a longer list says that there are more. */
export function listErrors(errors: readonly GraphQLError[], introspection: boolean): GraphQLError[] {
  const code = 'GRAPHQL_VALIDATION_FAILED';
  const listedMax = errors.length > validationErrorsMax ? validationErrorsMax - 1 : validationErrorsMax;
  const listed = errors.slice(0, listedMax).map((error) => withCode(error, code, introspection));
  if (errors.length <= listedMax) return listed;
  return [...listed, refusal(code, `There are more errors; the first ${listedMax} are listed.`)];
}

/** Refuses an operation whose type the schema does not have, such as a subscription: graphql-js leaves that to execution. */
const KnownRootTypesRule: ValidationRule = (context: ValidationContext) => ({
  OperationDefinition(node) {
    if (context.getSchema().getRootType(node.operation) == null)
      context.reportError(new GraphQLError(`There are no ${node.operation}s here.`, { nodes: node }));
  },
});
