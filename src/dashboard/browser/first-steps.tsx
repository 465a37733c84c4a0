import type { ViewerData } from './answers.ts';
import { settings } from './settings.ts';

/** What to do in an organization without any call. */
export function FirstSteps({ viewer }: { readonly viewer: ViewerData['viewer'] | null }) {
  const environment = viewer?.environment.toLowerCase() ?? 'live';
  const organization = viewer?.organization.uuid ?? 'ORGANIZATION_ID';
  const other = environment === 'live' ? 'test' : 'live';
  return (
    <section class="widget first-steps" aria-labelledby="first-steps-title">
      <h2 id="first-steps-title">
        No {environment} calls yet{' '}
        {viewer && (
          <>
            in <bdi>{viewer.organization.name}</bdi>
          </>
        )}
      </h2>
      <p>These are the ways to the first ones:</p>
      <ol>
        <li>
          Import a call log, CSV or NDJSON, where the gateway runs:
          <code>
            npx calls-gateway import calls.csv --organization {organization} --environment {environment}
          </code>
        </li>
        <li>
          Or let your platform write to the table <code>calls</code>. New calls are here after{' '}
          <strong>Refresh</strong>.
        </li>
        <li>
          Or look at the {other} calls: sign out, and enter a key of the {other} environment.
        </li>
      </ol>
      {settings.docs && (
        <p>
          <a href="/docs">The documentation</a> describes the calls and the API.
        </p>
      )}
    </section>
  );
}
