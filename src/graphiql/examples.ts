/** One tab of GraphiQL: the texts of its three editors. GraphiQL names it after its operation. */
export interface GraphiqlTab {
  readonly query: string;
  readonly variables: string;
  readonly headers: string;
}

export interface ExampleValues {
  readonly apiKey: string;
  /** The cursor that ends the first page of ten; null where there is no call. */
  readonly endCursor: string | null;
  /** A call that may be deleted; null where there is none. */
  readonly callId: string | null;
  readonly now: Date;
}

const dayMs = 24 * 60 * 60 * 1000;
const unknownCallId = '00000000-0000-0000-0000-000000000000';

const listCalls = `# The newest ten calls. Run it with the play button or Ctrl-Enter.
query ListCalls {
  calls(first: 10) {
    totalCount
    nodes {
      id
      fromNumber
      toNumber
      direction
      status
      createdAt
      durationSeconds
      costCents
      recording {
        status
        durationSeconds
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`;

const nextPage = `# The ten calls after the first ten.
# "after" in the variables is the endCursor of a page.
query NextPage($after: String) {
  calls(first: 10, after: $after) {
    edges {
      cursor
      node {
        id
        fromNumber
        toNumber
        status
        createdAt
      }
    }
    pageInfo {
      hasPreviousPage
      hasNextPage
      startCursor
      endCursor
    }
  }
}
`;

const filterCalls = `# One filter serves lists, statistics and trends:
# change it in the variables.
query FilterCalls($filter: CallFilter) {
  calls(first: 10, filter: $filter) {
    totalCount
    nodes {
      id
      fromNumber
      toNumber
      direction
      status
      hangupCause
      createdAt
      durationSeconds
    }
  }
}
`;

const callStatistics = `# Sums over all calls; add a filter to narrow them.
query CallStatistics($filter: CallFilter) {
  callStats(filter: $filter) {
    total
    answered
    answerRate
    totalDurationSeconds
    averageDurationSeconds
    totalCostCents
    byStatus {
      status
      count
    }
    byDirection {
      direction
      count
    }
  }
}
`;

const dailyTrends = `# A point for each day of the time zone,
# days without calls included.
query DailyTrends($filter: CallFilter, $timeZone: TimeZone!) {
  callTrends(filter: $filter, interval: DAY, timeZone: $timeZone) {
    from
    to
    timeZone
    interval
    points {
      start
      end
      total
      inbound
      outbound
      answered
      totalDurationSeconds
    }
  }
}
`;

const deleteCall = `# Deletes the call of the variables, its events and its
# recording, for good. A second run answers
# CallNotFoundError: take another id from ListCalls.
# A call that is not over yet needs "force": true.
mutation DeleteCall($input: DeleteCallInput!) {
  deleteCall(input: $input) {
    __typename
    ... on CallNotFoundError {
      message
    }
    ... on CallInProgressError {
      message
    }
  }
}
`;

/** What the welcome says to a reader without a key. */
export const keyHint = `# No key yet: make one with
#    npx calls-gateway keys create --help
# and put it, or a session token, in place of
# YOUR_API_KEY under "Headers" below. Then press
# "Re-fetch GraphQL schema" on the left: the editor
# completes what you type.
#
`;

const welcome = `# Calls gateway
#
${keyHint}# Run the query with the play button or Ctrl-Enter.
# Tabs, history and headers are kept until this
# browser tab is closed.

query FirstCalls {
  calls(first: 10) {
    totalCount
    nodes {
      id
      fromNumber
      toNumber
      direction
      status
      createdAt
      durationSeconds
    }
  }
}
`;

/** Six tabs that work as they are: list, next page, filter, statistics, trends in a time zone, delete. */
export function exampleTabs({ apiKey, endCursor, callId, now }: ExampleValues): GraphiqlTab[] {
  const createdFrom = startOfUtcDay(now, -30);
  const headers = authorizationHeaders(apiKey);
  const toTab = (query: string, variables?: object): GraphiqlTab => ({
    query,
    variables: variables === undefined ? '' : toJson(variables),
    headers,
  });
  return [
    // Without variables: GraphiQL opens with this tab and leaves its variables out.
    toTab(listCalls),
    toTab(nextPage, { after: endCursor }),
    toTab(filterCalls, { filter: { status: ['COMPLETED'], direction: 'INBOUND', createdFrom } }),
    toTab(callStatistics, { filter: {} }),
    toTab(dailyTrends, { filter: { createdFrom }, timeZone: 'Europe/Berlin' }),
    toTab(deleteCall, { input: { id: callId ?? unknownCallId, force: false } }),
  ];
}

/** The one tab of a gateway without demo: what to do first, and a query that works after that. */
export function welcomeTab(): GraphiqlTab {
  return { query: welcome, variables: '', headers: authorizationHeaders('YOUR_API_KEY') };
}

export function authorizationHeaders(credential: string): string {
  return toJson({ Authorization: `Bearer ${credential}` });
}

function startOfUtcDay(now: Date, offsetDays: number): string {
  const startMs = Math.floor(now.getTime() / dayMs) * dayMs;
  return new Date(startMs + offsetDays * dayMs).toISOString();
}

function toJson(value: object): string {
  return JSON.stringify(value, null, 2);
}
