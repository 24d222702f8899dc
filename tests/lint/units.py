# SPDX-License-Identifier: Apache-2.0
"""The systemd units: systemd understands them, they keep the rules on restarts and sockets, and the exposure
that systemd computes for each service stays below its bound."""
import pathlib
import re
import shutil
import subprocess
import tempfile

import tree

# What would let one service's end take another with it. Towards the target it is wanted.
TYING = re.compile(r'^(Requires|Requisite|BindsTo|PartOf|Upholds)=(.*)$', re.M)
SERVICE_LINES = """StartLimitIntervalSec=0
LimitCORE=0
CoredumpFilter=0
Restart=always
WatchdogSec=30s
WatchdogSignal=SIGKILL
Type=notify
UMask=0077
PartOf=covfefe.target
WantedBy=covfefe.target
Slice=covfefe.slice
AmbientCapabilities=
NoNewPrivileges=yes
ProtectSystem=strict
RestartSec=0
ProtectHome=tmpfs
TemporaryFileSystem=/etc:ro /run:ro /run/user:ro /var:ro /home:ro /root:ro
ProcSubset=pid
PrivateDevices=yes
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
IPAddressDeny=any
MemoryDenyWriteExecute=yes""".split('\n')
STATEFUL = ('keystore', 'peerdb')
# Ten times the exposure level that `systemd-analyze security` may find at most.
THRESHOLD = {'tun-helper': 16, 'router': 3, 'keystore': 3, 'peerdb': 3, 'shaper': 3}
# edge: (user whose the socket file is, directory that the connecting service sees as /run/covfefe)
EDGES = {
    'router.keystore': ('covfefe-keystore', '/keystore'), 'router.peerdb': ('covfefe-peerdb', '/peerdb'),
    'router.shaper': ('covfefe-shaper', '/shaper'), 'router.shaper-fd': ('covfefe-shaper', '/shaper'),
    'router.tun': ('root', '/tun-helper'),
    # From here the router speaks to systemd; nobody connects.
    'router.notify': ('covfefe-router', ''),
    # Not root: the tun-helper, which is root without any right to override modes, could connect.
    **{f'{service}.operator': ('root' if service == 'tun-helper' else f'covfefe-{service}', '')
       for service in tree.SERVICES},
}
KINDS = {'router.shaper-fd': 'ListenSequentialPacket', 'router.tun': 'ListenSequentialPacket',
         'router.notify': 'ListenDatagram'}
FAMILIES = {'tun-helper': 'AF_UNIX AF_NETLINK', 'router': 'none'}
WIRES = {'wire.control': 6363, 'wire.data0': 6364, 'wire.data1': 6365}


def value(text, key):
    found = re.findall(rf'^{key}=(.*)$', text, re.M)
    return ' '.join(found)


def wanted_of(service):
    """Values that differ from service to service."""
    helper, state = service == 'tun-helper', f'/var/lib/covfefe/{service}'
    connects = any(edge == f'/{service}' for _, edge in EDGES.values())
    edge = f' /run/covfefe/{service}:/run/covfefe' if connects else ''
    program = f'@libexecdir@/covfefe/covfefe-{service}'
    reads = ['-/etc/fstab'] if service in STATEFUL else ['-/etc/covfefe/identity.yaml'] if service != 'shaper' else []
    shown = ['/usr/lib:/lib -/usr/lib64:/lib64', program, '/etc/covfefenet.yaml /etc/passwd', *reads]
    shown += [f'/run/systemd/notify{edge}']
    volume = ['-/var/lib/covfefe:/covfefe-volume:norbind'] if service in STATEFUL else []
    paths = ['-' + state] if service in STATEFUL else ['/dev/net/tun'] if helper else []
    return {
        'User': 'root' if helper else f'covfefe-{service}',
        'CapabilityBoundingSet': 'CAP_NET_ADMIN' if helper else '',
        'RequiresMountsFor': '',
        'StateDirectory': '',
        'RestrictAddressFamilies': FAMILIES.get(service, 'AF_UNIX'),
        # Threads that it has; root is exempt.
        'LimitNPROC': '8' if helper else '2' if service in ('router', 'shaper') else '1',
        'TasksMax': '3' if service == 'router' else '2',
        'PrivateNetwork': '' if helper else 'yes',
        'PrivateUsers': '' if helper else 'yes',
        # All that there is in its root.
        'RootDirectory': f'/run/covfefe/roots/{service}',
        'BindReadOnlyPaths': ' '.join(shown + volume),
        # Tunables are protected by not being there, and with ProcSubset=.
        'ReadOnlyPaths' if service in STATEFUL else 'InaccessiblePaths': '+/sys',
        'BindPaths': ' '.join(paths),
        # Every place that can be written; tests/netns/units.py looks at all mounts.
        'NoExecPaths': '+/tmp +/var/tmp +/dev/shm' + (f' -+{state}' if service in STATEFUL else ''),
    }


def service_problems(service, text):
    unit = f'covfefe-{service}.service'
    for line in SERVICE_LINES:
        if line not in text.split('\n'):
            yield f'{unit}: has no line {line}'
    for key, right in wanted_of(service).items():
        if value(text, key) != right:
            yield f'{unit}: {key}= is «{value(text, key)}», not «{right}»'
    if ('var-lib-covfefe.mount' in value(text, 'After')) != (service in STATEFUL):
        yield f'{unit}: only what lies on the volume is ordered after its mount'
    if re.search(r'^CapabilityBoundingSet=', text, re.M) is None:
        yield f'{unit}: has no line CapabilityBoundingSet='
    for key in ('LoadCredential=keystore.key:', 'SetCredential=keystore.key:none'):
        if (key in text) != (service == 'keystore'):
            yield f'{unit}: the credential is the keystore\'s and nobody else\'s'
    if ('prctl' in value(text, 'SystemCallFilter')) != (service == 'tun-helper'):
        yield f'{unit}: root makes itself non-dumpable by prctl, the others start so and cannot change it'
    if f'{service}.operator'.replace('.', '-') + '.socket' not in value(text, 'Sockets'):
        yield f'{unit}: does not take its operator socket'
    for wire in WIRES:
        takes = f'covfefe-{wire.replace(".", "-")}.socket' in value(text, 'Sockets')
        if takes != (service in ('router', 'shaper')):
            yield f'{unit}: {wire} belongs to router and shaper, and to them only'


def compare(unit, text, wanted):
    common = {'ConditionPathExists': '/etc/covfefenet.yaml', 'TriggerLimitIntervalSec': '0',
              'Slice': 'covfefe.slice', 'PartOf': 'covfefe.target'}
    for key, right in {**common, **wanted}.items():
        if value(text, key) != right:
            yield f'{unit}: {key}= is «{value(text, key)}», not «{right}»'


def socket_problems(name, text):
    owner, folder = EDGES[name]
    kind = KINDS.get(name, 'ListenStream')
    return compare(f'covfefe-{name.replace(".", "-")}.socket', text, {
        'FileDescriptorName': name, kind: f'/run/covfefe{folder}/{name}.sock', 'SocketUser': owner,
        'Service': f'covfefe-{name.split(".")[0]}.service',
        'SocketMode': '0660' if name.endswith('.operator') else '0600', 'RemoveOnStop': 'yes'})


def wire_problems(name, text):
    return compare(f'covfefe-{name.replace(".", "-")}.socket', text, {
        'FileDescriptorName': name, 'ListenDatagram': str(WIRES[name]), 'BindIPv6Only': 'both',
        'Service': 'covfefe-router.service', 'IPAddressDeny': 'localhost link-local multicast'})


def tied(name, text):
    for key, to in TYING.findall(text):
        if to != 'covfefe.target':
            yield f'{name}: {key}={to} ties services together; sockets and Wants= do not'


def analyze(folder, *words):
    return subprocess.run(['systemd-analyze', *words], capture_output=True, text=True,
                          env={'SYSTEMD_UNIT_PATH': f'{folder}:', 'PATH': '/usr/bin:/bin'})


def verify(folder, texts):
    run = analyze(folder, 'verify', '--man=no', *(f'{folder}/{name}' for name in texts))
    for line in (run.stdout + run.stderr).splitlines():
        if 'covfefe' in line:
            yield f'systemd-analyze: {line.replace(folder + "/", "")}'


def exposure(folder):
    for service, threshold in THRESHOLD.items():
        unit = f'covfefe-{service}.service'
        run = analyze(folder, 'security', '--offline=yes', '--no-pager', f'--threshold={threshold}', f'{folder}/{unit}')
        level = re.search(r'Overall exposure level for \S+: ([\d.]+)', run.stdout)
        if level is None:
            yield f'{unit}: systemd-analyze names no exposure level: {run.stderr}'
        elif run.returncode != 0 or float(level.group(1)) * 10 > threshold:
            yield f'{unit}: exposure {level.group(1)}, {threshold / 10} is the most'
        else:
            print(f'{unit}: exposure {level.group(1)}')


def systemd_says(texts):
    """systemd's own checks, with programs that exist in place of those not installed yet."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in texts.items():
            program = re.sub(r'^(Exec(?:Start|Reload|StopPost))=\S+', r'\1=/bin/true', text, flags=re.M)
            paths = program.replace('@libexecdir@', '/usr/libexec')
            (pathlib.Path(folder) / name).write_text(paths)
        return [*verify(folder, texts), *exposure(folder)]


def main():
    folder = tree.root() / 'systemd'
    texts = {path.name.removesuffix('.in'): path.read_text() for path in sorted(folder.iterdir())
             if re.search(r'\.(service|socket|target|slice)(\.in)?$', path.name)}
    problems = []
    for service in tree.SERVICES:
        problems += service_problems(service, texts.get(f'covfefe-{service}.service', ''))
    for name in EDGES:
        problems += socket_problems(name, texts.get(f'covfefe-{name.replace(".", "-")}.socket', ''))
    for name in WIRES:
        problems += wire_problems(name, texts.get(f'covfefe-{name.replace(".", "-")}.socket', ''))
    for name, text in texts.items():
        problems += tied(name, text)
    if shutil.which('systemd-analyze') is None and not problems:
        tree.skip('systemd-analyze is not installed')
    problems += systemd_says(texts)
    tree.finish(problems, f'{len(texts)} units')


if __name__ == '__main__':
    main()
