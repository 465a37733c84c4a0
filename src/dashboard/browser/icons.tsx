import type { ComponentChildren } from 'preact';

function Icon({ children }: { readonly children: ComponentChildren }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

export const GraphiqlIcon = () => (
  <Icon>
    <path d="M8 1.6 13.5 4.8v6.4L8 14.4 2.5 11.2V4.8Z" />
    <path d="M8 1.6 2.5 11.2h11Z" />
  </Icon>
);
export const InboundIcon = () => (
  <Icon>
    <path d="M12.5 3.5 4 12M4 5.5V12h6.5" />
  </Icon>
);
export const OutboundIcon = () => (
  <Icon>
    <path d="M3.5 12.5 12 4M5.5 4H12v6.5" />
  </Icon>
);
export const RefreshIcon = () => (
  <Icon>
    <path d="M13.5 8A5.5 5.5 0 1 1 11.6 3.8M13.5 1.8v3h-3" />
  </Icon>
);
export const DownloadIcon = () => (
  <Icon>
    <path d="M8 2v8M4.7 6.9 8 10.2l3.3-3.3M2.5 13.5h11" />
  </Icon>
);
export const CloseIcon = () => (
  <Icon>
    <path d="m3.5 3.5 9 9M12.5 3.5l-9 9" />
  </Icon>
);
export const RecordingIcon = () => (
  <Icon>
    <path d="M3 6.5v3M6.3 3.5v9M9.7 5.5v5M13 7v2" />
  </Icon>
);
export const LogoIcon = () => (
  <svg class="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <rect width="32" height="32" rx="8" />
    <path d="M8 20v-4M13 23V13M18 20v-8M24 22V9" />
  </svg>
);
