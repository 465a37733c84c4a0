import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { CloseIcon } from './icons.tsx';

interface DrawerProps {
  readonly title: string;
  readonly tools?: ComponentChildren;
  readonly children: ComponentChildren;
  /** Stays in sight, however long the rest is. */
  readonly foot?: ComponentChildren;
  onClose(): void;
}

/** A dialog at the side. The browser keeps the focus in it, closes it at Escape, and puts the focus back. */
export function Drawer({ title, tools, children, foot, onClose }: DrawerProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: keys have Escape and the button.
    <dialog
      ref={dialog}
      class="drawer"
      aria-labelledby="drawer-title"
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && dialog.current?.close()}
    >
      <div class="drawer-body">
        <header class="widget-head">
          <h2 id="drawer-title">{title}</h2>
          <div class="widget-tools">
            {tools}
            <button
              type="button"
              class="icon-button"
              aria-label="Close"
              onClick={() => dialog.current?.close()}
            >
              <CloseIcon />
            </button>
          </div>
        </header>
        {children}
      </div>
      {foot && <footer class="drawer-foot">{foot}</footer>}
    </dialog>
  );
}
