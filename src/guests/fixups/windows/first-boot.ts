import { openSystemHive } from '../../registry/windows-hives.js';
import type { Fixup } from '../fixup.js';
import { emptyNotes } from '../notes.js';
import {
  addScript,
  EACH_START_FOLDER,
  FIRST_BOOT_FOLDER,
  ONCE_FOLDER,
  SCRIPT_FOLDER,
} from './first-boot-scripts.js';

const SERVICE = 'XenferryFirstBoot';
const LOG = '%SystemRoot%\\Xenferry-first-boot.log';
const CMD = '%SystemRoot%\\System32\\cmd.exe';
/** After that what still fails is left to the operator. */
const MAX_STARTS = 5;

/**
 * Installs what runs the scripts of other fixups at the next starts, in order, until all are done; then it is gone.
 *
 * It is a service whose program is `cmd.exe /c start`: the command line starts the runner apart from itself and ends.
 * The service manager then reports a service that did not start, which `ErrorControl` 0 leaves at an event in the log,
 * and has nothing left to stop after its 30 seconds. The other ways that work offline are worse: the Setup hook
 * (SYSTEM\Setup, CmdLine and SetupType) runs before Windows Installer and the network work and can leave a guest that
 * does not start; RunOnce waits for a user; scheduled tasks and group policies are kept in several places that must fit
 * each other. No Windows has been started with it by this project's tests.
 */
export const firstBoot: Fixup = {
  id: 'windows/first-boot',
  title: 'First start',
  async run(_guest, files) {
    const notes = emptyNotes();
    const scripts = [...(await files.list(ONCE_FOLDER)), ...(await files.list(EACH_START_FOLDER))];
    if (scripts.length === 0) return notes;
    await addScript(files, `${FIRST_BOOT_FOLDER}/first-boot.cmd`, runner());
    const system = await openSystemHive(files);
    const key = system.controlSet.makeKey(`Services\\${SERVICE}`);
    key.setDword('Type', 0x10);
    key.setDword('Start', 2);
    key.setDword('ErrorControl', 0);
    key.setExpand('ImagePath', `${CMD} /d /c start "" /b ${CMD} /d /c ${SCRIPT_FOLDER}\\first-boot.cmd`);
    key.setString('DisplayName', 'Xenferry first start');
    key.setString('ObjectName', 'LocalSystem');
    key.setMulti('DependOnService', ['RpcSs']);
    notes.registry.push(...(await system.save()));
    notes.atFirstBoot.push(`Scripts in ${SCRIPT_FOLDER} run and write to ${LOG}; Windows may restart once.`);
    return notes;
  },
};

/**
 * Users can read what is in %SystemRoot%, and this is for administrators only. Exit code 3010 of a script: done, and
 * Windows must be restarted. Scripts for each start run until they succeed at a start that has nothing else to do.
 */
function runner(): string[] {
  const system = '%SystemRoot%\\System32';
  return [
    '@echo off',
    'setlocal enableextensions',
    `set FOLDER=${SCRIPT_FOLDER}`,
    `set LOG=${LOG}`,
    `"${system}\\icacls.exe" "%FOLDER%" /inheritance:r /grant:r *S-1-5-18:(OI)(CI)F *S-1-5-32-544:(OI)(CI)F /t /c /q >nul 2>&1`,
    'set STARTS=0',
    'if exist "%FOLDER%\\starts.txt" set /p STARTS=<"%FOLDER%\\starts.txt"',
    'set /a STARTS+=1',
    '>"%FOLDER%\\starts.txt" echo %STARTS%',
    '>>"%LOG%" echo %date% %time%: start %STARTS%',
    'set RAN=',
    'set RESTART=',
    'for %%s in ("%FOLDER%\\each-start\\*.cmd") do call :each "%%s"',
    'for %%s in ("%FOLDER%\\once\\*.cmd") do call :once "%%s"',
    `if defined RESTART if %STARTS% lss ${MAX_STARTS} goto restart`,
    `if defined RAN if %STARTS% lss ${MAX_STARTS} exit /b 0`,
    `"${system}\\sc.exe" delete ${SERVICE} >>"%LOG%" 2>&1`,
    // Scripts that failed stay for the operator, and so do those for each start, for cards that come later.
    'rd /q "%FOLDER%\\once" 2>nul',
    '>>"%LOG%" echo %date% %time%: ended',
    'del /f /q "%FOLDER%\\starts.txt" "%FOLDER%\\msi*.*" 2>nul',
    // The shell would look for its next line in a file that is gone.
    '(goto) 2>nul & del /f /q "%~f0"',
    ':restart',
    '>>"%LOG%" echo %date% %time%: restart',
    `"${system}\\shutdown.exe" /r /t 15`,
    'exit /b 0',
    ':each',
    '>>"%LOG%" echo %date% %time%: %~n1',
    `call "%~1" >>"%LOG%" 2>&1`,
    'set CODE=%errorlevel%',
    '>>"%LOG%" echo %~n1: %CODE%',
    'if not "%CODE%"=="0" set RAN=1',
    'exit /b 0',
    ':once',
    'set RAN=1',
    '>>"%LOG%" echo %date% %time%: %~n1',
    `call "%~1" >>"%LOG%" 2>&1`,
    'set CODE=%errorlevel%',
    '>>"%LOG%" echo %~n1: %CODE%',
    'if "%CODE%"=="3010" set RESTART=1',
    'if "%CODE%"=="3010" set CODE=0',
    'if "%CODE%"=="0" del /f /q "%~1"',
    'exit /b 0',
  ];
}
