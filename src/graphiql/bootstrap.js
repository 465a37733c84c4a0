import 'graphiql/graphiql.css';
import './bootstrap.css';
import { GraphiQL } from 'graphiql';
import { parse } from 'graphql';
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';

const settings = JSON.parse(document.getElementById('settings').textContent);
const storagePrefix = 'calls-gateway:';
const namespace = `${storagePrefix}${settings.storageNamespace}:`;
const sessionHeaders = findSessionHeaders();
const defaultHeaders = sessionHeaders ?? settings.defaultHeaders;

/** Sends one operation to the gateway. An answer that is not JSON becomes a GraphQL error that says so. */
async function fetcher(params, { headers = {} } = {}) {
  const response = await fetch(settings.endpoint, {
    method: 'POST',
    headers: {
      accept: 'application/graphql-response+json, application/json',
      'content-type': 'application/json',
      ...headers,
    },
    body: JSON.stringify(withOwnOperationName(params)),
  });
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return { errors: [{ message: `HTTP ${response.status}: ${text.slice(0, 200) || response.statusText}` }] };
  }
}

/** For a moment after a tab was opened, GraphiQL still names the operation of the tab before. */
function withOwnOperationName(params) {
  try {
    const operations = parse(params.query).definitions.filter(({ kind }) => kind === 'OperationDefinition');
    return operations.length === 1 ? { ...params, operationName: operations[0].name?.value } : params;
  } catch {
    // A syntax error: the gateway's answer explains it.
    return params;
  }
}

function listStoredKeys(prefix) {
  return Object.keys(sessionStorage).filter((key) => key.startsWith(prefix));
}

/**
 * The browser tab's storage within the page's namespace. It ends with the browser tab, because GraphiQL writes
 * headers, and so keys, into it: with its tabs, and with every entry of its history whatever its options say.
 * What other namespaces left is removed: it belongs to a key or to examples that this gateway no longer has.
 */
function openStorage() {
  for (const key of listStoredKeys(storagePrefix)) {
    if (!key.startsWith(namespace)) sessionStorage.removeItem(key);
  }
  return {
    getItem: (key) => sessionStorage.getItem(namespace + key),
    setItem: (key, value) => sessionStorage.setItem(namespace + key, value),
    removeItem: (key) => sessionStorage.removeItem(namespace + key),
    clear: () => {
      for (const key of listStoredKeys(namespace)) sessionStorage.removeItem(key);
    },
    get length() {
      return listStoredKeys(namespace).length;
    },
  };
}

/**
 * Makes the stored editors those of the stored active tab. GraphiQL finds that tab by comparing their contents,
 * and opens an empty tab more when they differ, as after a visit that edited nothing.
 */
function selectStoredTab(storage) {
  const stored = storage.getItem('graphiql:tabState');
  if (stored === null) return;
  try {
    const { tabs, activeTabIndex } = JSON.parse(stored);
    for (const editor of ['query', 'variables', 'headers']) {
      const text = tabs[activeTabIndex][editor];
      if (text) storage.setItem(`graphiql:${editor}`, text);
      else storage.removeItem(`graphiql:${editor}`);
    }
  } catch {
    storage.clear();
  }
}

/**
 * Gives stored tabs and the history the credential of now where theirs is the one that they began with, such as
 * "YOUR_API_KEY" or the key of a session that ended since. Headers that somebody typed stay.
 */
function updateStoredHeaders(storage) {
  const before = storage.getItem('default-headers');
  storage.setItem('default-headers', defaultHeaders);
  if (before === null || before === defaultHeaders) return;
  const update = (name, value) => (name === 'headers' && value === before ? defaultHeaders : value);
  try {
    for (const name of ['graphiql:tabState', 'graphiql:queries', 'graphiql:favorites']) {
      const stored = storage.getItem(name);
      if (stored !== null) storage.setItem(name, JSON.stringify(JSON.parse(stored, update)));
    }
  } catch {
    storage.clear();
  }
}

/** Null where the browser denies storage: GraphiQL then keeps everything in memory. */
function findStorage() {
  try {
    const storage = openStorage();
    updateStoredHeaders(storage);
    selectStoredTab(storage);
    return storage;
  } catch {
    return null;
  }
}

/**
 * The query that the address asks to open, as the dashboard's links do: in the fragment, which is sent to nobody.
 * It is only shown; who reads it decides whether to run it. Null where there is none.
 */
function takeAskedTab() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const query = asked.get('query');
  if (query === null) return null;
  history.replaceState(null, '', location.pathname);
  return { query, variables: asked.get('variables') ?? '', headers: defaultHeaders };
}

/** The headers of the dashboard's session in this browser tab, as text; null where there is none. */
function findSessionHeaders() {
  try {
    // A tab that the dashboard opened has a copy of the dashboard's storage.
    const session = JSON.parse(sessionStorage.getItem('calls-gateway.session'));
    if (session === null) return null;
    const headers = {
      Authorization: `Bearer ${session.key}`,
      ...(session.organizationId && { 'x-organization-id': session.organizationId }),
      ...(session.environment === 'test' && { 'x-environment': 'test' }),
    };
    return JSON.stringify(headers, null, 2);
  } catch {
    return null;
  }
}

const asked = takeAskedTab();
// The welcome says how to get a key: who has one needs only its query.
const tabs = settings.tabs.map((tab) => ({
  ...tab,
  query: sessionHeaders === null ? tab.query : tab.query.replace(settings.keyHint, ''),
  headers: defaultHeaders,
}));
const graphiql = createElement(
  GraphiQL,
  {
    fetcher,
    storage: findStorage(),
    ...asked,
    defaultTabs: asked === null ? tabs : [asked, ...tabs],
    defaultQuery: '',
    defaultHeaders,
    shouldPersistHeaders: true,
    showPersistHeadersSettings: false,
    defaultEditorToolsVisibility: settings.editorTool,
    isHeadersEditorEnabled: true,
  },
  createElement(GraphiQL.Logo, null, 'Calls gateway'),
);
createRoot(document.getElementById('graphiql')).render(graphiql);
