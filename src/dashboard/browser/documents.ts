/** Every operation of the dashboard; a test validates each against the schema. */
export const documents = {
  viewer: `query Viewer {
  viewer {
    environment
    scopes
    organization {
      uuid
      name
    }
    organizations {
      uuid
      name
    }
  }
}
`,
  summary: `# The sums of the calls that the filter lets through,
# beside those of the time before.
query CallSummary($filter: CallFilter, $previous: CallFilter, $compare: Boolean!) {
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
  previous: callStats(filter: $previous) @include(if: $compare) {
    total
    answerRate
    totalDurationSeconds
    averageDurationSeconds
    totalCostCents
  }
}
`,
  extent: `# The newest and the oldest call.
query CallExtent {
  newest: calls(first: 1) {
    nodes {
      createdAt
    }
  }
  oldest: calls(last: 1) {
    nodes {
      createdAt
    }
  }
}
`,
  trend: `# Calls over time: buckets of the time zone's calendar.
query CallsOverTime(
  $filter: CallFilter
  $interval: CallTrendInterval!
  $timeZone: TimeZone!
) {
  callTrends(filter: $filter, interval: $interval, timeZone: $timeZone) {
    from
    to
    timeZone
    interval
    points {
      date
      start
      end
      total
      answered
      totalDurationSeconds
      byStatus {
        status
        count
      }
    }
  }
}
`,
  list: `# One page of calls, newest first.
query ListCalls($filter: CallFilter, $first: Int!, $offset: Int!) {
  calls(first: $first, offset: $offset, filter: $filter) {
    totalCount
    nodes {
      uuid
      createdAt
      direction
      status
      fromNumber
      toNumber
      durationSeconds
      costCents
      recording {
        status
      }
    }
  }
}
`,
  detail: `# One call with what happened in it.
query CallDetail($id: ID!) {
  call(id: $id) {
    uuid
    direction
    status
    fromNumber
    toNumber
    phoneNumber {
      e164
    }
    endpointId
    durationSeconds
    costCents
    hangupCause
    transcript
    metadata
    createdAt
    answeredAt
    completedAt
    recording {
      status
      format
      durationSeconds
      url {
        url
      }
    }
    events(first: 20) {
      pageInfo {
        endCursor
        hasNextPage
      }
      nodes {
        uuid
        type
        timestamp
        data
      }
    }
  }
}
`,
  events: `# The events of a call after a cursor, oldest first.
query CallEvents($id: ID!, $after: String!) {
  call(id: $id) {
    events(first: 20, after: $after) {
      pageInfo {
        endCursor
        hasNextPage
      }
      nodes {
        uuid
        type
        timestamp
        data
      }
    }
  }
}
`,
  deletion: `mutation DeleteCall($input: DeleteCallInput!) {
  deleteCall(input: $input) {
    __typename
  }
}
`,
} as const;
