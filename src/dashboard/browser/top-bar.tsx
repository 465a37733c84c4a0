import { useMemo, useState } from 'preact/hooks';
import { chooseTheme, readTheme, type Theme, themes } from '../../assets/browser/theme.ts';
import type { ViewerData } from './answers.ts';
import { listTimeZones } from './calendar.ts';
import { LogoIcon } from './icons.tsx';
import { isApiKey, type Session } from './session.ts';
import { settings } from './settings.ts';

interface TopBarProps {
  readonly session: Session;
  readonly viewer: ViewerData['viewer'] | null;
  readonly zone: string;
  onZone(zone: string): void;
  onSession(session: Session | null): void;
}

/** Whose data it is, in which time zone, and the way out. */
export function TopBar({ session, viewer, zone, onZone, onSession }: TopBarProps) {
  const zones = useMemo(() => listTimeZones(zone), [zone]);
  return (
    <header class="top">
      <a class="brand" href={settings.landing ? '/' : '/dashboard'}>
        <LogoIcon /> <span>Calls</span>
      </a>
      <Place session={session} viewer={viewer} onSession={onSession} />
      <nav class="top-links" aria-label="Other pages">
        {settings.graphiql && <a href="/graphql">GraphiQL</a>}
        {settings.docs && <a href="/docs">REST docs</a>}
      </nav>
      <div class="top-tools">
        <label class="field">
          <span class="field-name">Time zone</span>
          <select class="zone" value={zone} onChange={(event) => onZone(event.currentTarget.value)}>
            {zones.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
        <ThemeChoice />
        <button type="button" class="button" onClick={() => onSession(null)}>
          Sign out
        </button>
      </div>
    </header>
  );
}

function Place({ session, viewer, onSession }: Pick<TopBarProps, 'session' | 'viewer' | 'onSession'>) {
  if (viewer === null) return <span class="place" />;
  const { organization, organizations, environment } = viewer;
  return (
    <span class="place">
      {organizations.length > 1 ? (
        <label class="select">
          <span class="visually-hidden">Organization</span>
          <select
            class="organization"
            dir="auto"
            value={organization.uuid}
            onChange={(event) => onSession({ ...session, organizationId: event.currentTarget.value })}
          >
            {organizations.map(({ uuid, name }) => (
              <option key={uuid} value={uuid}>
                {name}
              </option>
            ))}
          </select>
        </label>
      ) : (
        <strong dir="auto">{organization.name}</strong>
      )}
      {isApiKey(session.key) ? (
        <span class="tag">{environment.toLowerCase()}</span>
      ) : (
        <label class="select">
          <span class="visually-hidden">Environment</span>
          <select
            value={session.environment}
            onChange={(event) =>
              onSession({ ...session, environment: event.currentTarget.value as Session['environment'] })
            }
          >
            <option value="live">live</option>
            <option value="test">test</option>
          </select>
        </label>
      )}
      {session.key === settings.demoKey && <span class="tag accent">demo</span>}
    </span>
  );
}

export function ThemeChoice() {
  const [theme, setTheme] = useState(readTheme);
  const choose = (chosen: Theme) => {
    chooseTheme(chosen);
    setTheme(chosen);
  };
  return (
    <label class="field">
      <span class="field-name">Theme</span>
      <select value={theme} onChange={(event) => choose(event.currentTarget.value as Theme)}>
        {themes.map((each) => (
          <option key={each} value={each}>
            {each === 'auto' ? 'Auto' : each === 'light' ? 'Light' : 'Dark'}
          </option>
        ))}
      </select>
    </label>
  );
}
