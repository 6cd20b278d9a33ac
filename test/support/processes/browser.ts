import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { type Browser, chromium } from 'playwright-core';

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
  const { CHROMIUM_PATH, PATH = '' } = process.env;
  const candidates = CHROMIUM_PATH
    ? [CHROMIUM_PATH]
    : PATH.split(path.delimiter).flatMap((folder) => names.map((name) => path.join(folder, name)));
  const found = candidates.find(isExecutable);
  if (found !== undefined) return found;
  throw new Error(
    CHROMIUM_PATH
      ? `There is no program ${CHROMIUM_PATH}, which CHROMIUM_PATH names.`
      : 'There is no Chromium on the PATH. Install one ("apt-get install chromium", "brew install --cask chromium"), ' +
          'or set CHROMIUM_PATH to the program.',
  );
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
