import { type Browser, chromium } from 'playwright-core';
import { isProgram, pathOf } from '../../../lab/harness/path-of.ts';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

/** Launches the installed Chromium, headless. */
export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: findChromium(),
    // The sandbox does not work in containers that run as root, and the tests open only their own page.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--force-color-profile=srgb'],
  });
}

/** @throws {Error} with instructions to install Chromium */
function findChromium(): string {
  const { CHROMIUM_PATH } = process.env;
  const found = CHROMIUM_PATH ? [CHROMIUM_PATH].find(isProgram) : pathOf(...names);
  if (found !== undefined) return found;
  throw new Error(
    CHROMIUM_PATH
      ? `There is no program ${CHROMIUM_PATH}, which CHROMIUM_PATH names.`
      : 'There is no Chromium on the PATH. Install one ("apt-get install chromium", "brew install --cask chromium"), ' +
          'or set CHROMIUM_PATH to the program.',
  );
}
