import type { GuestFiles } from '../../files/guest-files.js';
import { addScript, FIRST_BOOT_FOLDER, SCRIPT_FOLDER } from './first-boot-scripts.js';

const STEP = 'msi-step.cmd';
const LIMITED = 'msi.cmd';
/** Waits of ten seconds. */
const WAITS = 60;
const TRIES = 10;

/**
 * The line that runs Windows Installer from a script, and what it needs beside the scripts: ten minutes at most, again
 * when another installation is under way (1618). Its exit code: 0, 3010 for a restart (1641 as well), or a failure.
 */
export async function msiLine(files: GuestFiles, args: string): Promise<string> {
  await addScript(files, `${FIRST_BOOT_FOLDER}/${STEP}`, [
    '@echo off',
    '"%SystemRoot%\\System32\\msiexec.exe" %*',
    `>"${SCRIPT_FOLDER}\\msi-result.tmp" echo %errorlevel%`,
    `move /y "${SCRIPT_FOLDER}\\msi-result.tmp" "${SCRIPT_FOLDER}\\msi-result.txt" >nul`,
  ]);
  await addScript(files, `${FIRST_BOOT_FOLDER}/${LIMITED}`, [
    '@echo off',
    'setlocal',
    `set TRIES=${TRIES}`,
    ':again',
    `if exist "${SCRIPT_FOLDER}\\msi-result.txt" del /f /q "${SCRIPT_FOLDER}\\msi-result.txt"`,
    `start "" /b "%SystemRoot%\\System32\\cmd.exe" /d /c ${SCRIPT_FOLDER}\\${STEP} %*`,
    `set WAITS=${WAITS}`,
    ':wait',
    `if exist "${SCRIPT_FOLDER}\\msi-result.txt" goto ended`,
    'if %WAITS% leq 0 goto late',
    'set /a WAITS-=1',
    '"%SystemRoot%\\System32\\ping.exe" -n 11 127.0.0.1 >nul',
    'goto wait',
    ':late',
    'echo Windows Installer took more than ten minutes and was stopped',
    '"%SystemRoot%\\System32\\taskkill.exe" /f /im msiexec.exe',
    'exit /b 1460',
    ':ended',
    'set CODE=1',
    `set /p CODE=<"${SCRIPT_FOLDER}\\msi-result.txt"`,
    'echo Windows Installer ended with %CODE%',
    'if not "%CODE%"=="1618" goto told',
    'set /a TRIES-=1',
    'if %TRIES% leq 0 goto told',
    '"%SystemRoot%\\System32\\ping.exe" -n 31 127.0.0.1 >nul',
    'goto again',
    ':told',
    'if "%CODE%"=="1641" exit /b 3010',
    'exit /b %CODE%',
  ]);
  return `call ${SCRIPT_FOLDER}\\${LIMITED} ${args}`;
}
