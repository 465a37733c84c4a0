import '../../assets/browser/theme.css';
import './landing.css';
import { readTheme, showTheme } from '../../assets/browser/theme.ts';

const shownMs = 1_500;

showTheme(readTheme());
for (const button of document.querySelectorAll<HTMLButtonElement>('[data-copy]')) {
  const command = button.closest('.command')?.querySelector('code')?.textContent ?? '';
  const label = button.firstChild;
  button.addEventListener('click', async () => {
    const said = await navigator.clipboard.writeText(command).then(
      () => 'Copied',
      () => 'Select and copy it',
    );
    if (label === null) return;
    label.textContent = said;
    setTimeout(() => {
      label.textContent = 'Copy';
    }, shownMs);
  });
}
