import { isIPv4, isIPv6 } from 'node:net';
import type { AddressAndLength, Route } from './adapters.js';
import type { Pair } from './pair-cards.js';

/** Waits of five seconds for a card to come up. */
const WAITS = 24;

/**
 * Sets what the cards had, found by MAC (Windows 8 and Server 2012 or later). Everything but numbers and addresses that
 * were checked is in Base64, so no name can end a text and begin a command.
 */
export function powerShellScript(pairs: readonly Pair[]): string[] {
  return [
    "$ErrorActionPreference = 'Continue'",
    'function Text($base64) { [Text.Encoding]::Unicode.GetString([Convert]::FromBase64String($base64)) }',
    'function Restore($mac, $name, $addresses, $gateways, $dns, $suffix) {',
    '  $card = $null',
    `  for ($wait = 0; $wait -lt ${WAITS} -and -not $card; $wait++) {`,
    "    $card = Get-NetAdapter | Where-Object { $_.MacAddress -eq $mac -and $_.Status -ne 'Not Present' } | Select-Object -First 1",
    '    if (-not $card) { Start-Sleep -Seconds 5 }',
    '  }',
    '  if (-not $card) { Write-Output "$mac was not found"; $script:failed = 1; return }',
    '  $index = $card.ifIndex',
    '  foreach ($item in $addresses) {',
    "    if ($item.Family -eq 'IPv4') { Set-NetIPInterface -InterfaceIndex $index -AddressFamily IPv4 -Dhcp Disabled }",
    '    $there = Get-NetIPAddress -InterfaceIndex $index -IPAddress $item.Address -ErrorAction SilentlyContinue',
    '    if (-not $there) { New-NetIPAddress -InterfaceIndex $index -IPAddress $item.Address -PrefixLength $item.Length | Out-Null }',
    '  }',
    '  foreach ($gateway in $gateways) {',
    "    $there = Get-NetRoute -InterfaceIndex $index -DestinationPrefix '0.0.0.0/0' -ErrorAction SilentlyContinue | Where-Object { $_.NextHop -eq $gateway }",
    "    if (-not $there) { New-NetRoute -InterfaceIndex $index -DestinationPrefix '0.0.0.0/0' -NextHop $gateway | Out-Null }",
    '  }',
    '  if ($dns.Count -gt 0) { Set-DnsClientServerAddress -InterfaceIndex $index -ServerAddresses $dns }',
    '  if ($suffix) { Set-DnsClient -InterfaceIndex $index -ConnectionSpecificSuffix $suffix }',
    '  if ($name -and $card.Name -ne $name) { Rename-NetAdapter -InputObject $card -NewName $name -ErrorAction SilentlyContinue }',
    '}',
    '$script:failed = 0',
    ...pairs.map(powerShellCall),
    'exit $script:failed',
  ];
}

function powerShellCall({ adapter, mac }: Pair): string {
  const addresses = [...adapter.ipv4, ...adapter.ipv6].map(
    ({ address, length }) =>
      `@{ Family = '${isIPv4(address) ? 'IPv4' : 'IPv6'}'; Address = '${address}'; Length = ${length} }`,
  );
  const list = (items: readonly string[]) => `@(${items.map((item) => `'${item}'`).join(', ')})`;
  return [
    'Restore',
    `'${mac.replaceAll(':', '-').toUpperCase()}'`,
    base64(adapter.name),
    `@(${addresses.join(', ')})`,
    list(adapter.gateways),
    list(adapter.dns),
    base64(adapter.suffix),
  ].join(' ');
}

function base64(text: string | null): string {
  return `(Text '${Buffer.from(text ?? '', 'utf16le').toString('base64')}')`;
}

/** Adds routes; those that are there already stay. */
export function routeLines(routes: readonly Route[]): string[] {
  return routes.map(({ destination, mask, gateway, metric }) => {
    const cost = metric === null ? '' : ` metric ${metric}`;
    return `"%SystemRoot%\\System32\\route.exe" -p add ${destination} mask ${mask} ${gateway}${cost}`;
  });
}

/** The same for Windows Vista, 7 and Server 2008, by netsh and the number that wmic tells for a MAC; a card that is missing sets RESULT. */
export function netshLines(pairs: readonly Pair[]): string[] {
  return pairs.flatMap(({ adapter, mac }, number) => {
    const ipv4 = (words: string) => `"%SystemRoot%\\System32\\netsh.exe" interface ipv4 ${words}`;
    const ipv6 = (words: string) => `"%SystemRoot%\\System32\\netsh.exe" interface ipv6 ${words}`;
    const [firstGateway, ...gateways] = adapter.gateways;
    return [
      `set WAITS=${WAITS}`,
      `:find${number}`,
      'set INDEX=',
      // The inner loop takes off the carriage return with which wmic ends its lines.
      `for /f "tokens=2 delims==" %%a in ('%SystemRoot%\\System32\\wbem\\wmic.exe nic where "MACAddress='${mac.toUpperCase()}' and NetEnabled=TRUE" get InterfaceIndex /value') do for /f "delims=" %%b in ("%%a") do set "INDEX=%%b"`,
      `if defined INDEX goto found${number}`,
      'set /a WAITS-=1',
      'if %WAITS% leq 0 set RESULT=1',
      `if %WAITS% leq 0 goto next${number}`,
      '"%SystemRoot%\\System32\\ping.exe" -n 6 127.0.0.1 >nul',
      `goto find${number}`,
      `:found${number}`,
      ...adapter.ipv4.map((item, at) => {
        const gateway = at === 0 && firstGateway !== undefined ? ` gateway=${firstGateway} gwmetric=1` : '';
        const how = at === 0 ? 'set address name=%INDEX% source=static' : 'add address name=%INDEX%';
        return ipv4(`${how} address=${item.address} mask=${maskOf(item)}${gateway}`);
      }),
      ...gateways.map((gateway) => ipv4(`add address name=%INDEX% gateway=${gateway} gwmetric=2`)),
      ...adapter.dns
        .filter(isIPv4)
        .map((server, at) =>
          ipv4(
            at === 0
              ? `set dnsserver name=%INDEX% source=static address=${server}`
              : `add dnsserver name=%INDEX% address=${server}`,
          ),
        ),
      ...adapter.ipv6.map(({ address, length }) =>
        ipv6(`add address interface=%INDEX% address=${address}/${length} store=persistent`),
      ),
      ...adapter.dns.filter(isIPv6).map((server) => ipv6(`add dnsserver name=%INDEX% address=${server}`)),
      `:next${number}`,
    ];
  });
}

function maskOf({ length }: AddressAndLength): string {
  const bits = '1'.repeat(length).padEnd(32, '0');
  return (bits.match(/.{8}/g) ?? []).map((part) => Number.parseInt(part, 2)).join('.');
}
