# SPDX-License-Identifier: Apache-2.0
"""The systemd units: systemd understands them, and they keep the rules on restarts and sockets."""
import pathlib
import re
import shutil
import subprocess
import tempfile

import tree

# What would let one service's end take another with it. Towards the target it is wanted.
TYING = re.compile(r'^(Requires|Requisite|BindsTo|PartOf|Upholds)=(.*)$', re.M)
SERVICE_LINES = ['StartLimitIntervalSec=0', 'LimitCORE=0', 'Restart=always', 'Type=notify',
                 'UMask=0077', 'PartOf=covfefe.target', 'WantedBy=covfefe.target']
STATEFUL = ('keystore', 'peerdb')
EDGES = {
    'router.keystore': 'covfefe-keystore', 'router.peerdb': 'covfefe-peerdb',
    'router.shaper': 'covfefe-shaper', 'router.shaper-fd': 'covfefe-shaper', 'router.tun': 'root',
    **{f'{service}.operator': 'root' for service in tree.SERVICES},
}
WIRES = {'wire.control': 6363, 'wire.data0': 6364, 'wire.data1': 6365}


def value(text, key):
    found = re.findall(rf'^{key}=(.*)$', text, re.M)
    return ' '.join(found)


def service_problems(service, text):
    unit = f'covfefe-{service}.service'
    for line in SERVICE_LINES:
        if line not in text.split('\n'):
            yield f'{unit}: has no line {line}'
    user = 'root' if service == 'tun-helper' else f'covfefe-{service}'
    if value(text, 'User') != user:
        yield f'{unit}: User= is not {user}'
    kept = 'CAP_NET_ADMIN' if service == 'tun-helper' else ''
    if 'CapabilityBoundingSet=' not in text or value(text, 'CapabilityBoundingSet') != kept:
        yield f'{unit}: CapabilityBoundingSet= is not «{kept}»'
    mounts = f'/var/lib/covfefe/{service}' if service in STATEFUL else ''
    if value(text, 'RequiresMountsFor') != mounts:
        yield f'{unit}: RequiresMountsFor= is not «{mounts}»'
    if ('LoadCredential=keystore.key:' in text) != (service == 'keystore'):
        yield f'{unit}: the credential is the keystore\'s and nobody else\'s'
    if f'{service}.operator'.replace('.', '-') + '.socket' not in value(text, 'Sockets'):
        yield f'{unit}: does not take its operator socket'
    for wire in WIRES:
        takes = f'covfefe-{wire.replace(".", "-")}.socket' in value(text, 'Sockets')
        if takes != (service in ('router', 'shaper')):
            yield f'{unit}: {wire} belongs to router and shaper, and to them only'


def socket_problems(name, owner, text):
    unit = f'covfefe-{name.replace(".", "-")}.socket'
    kind = 'ListenSequentialPacket' if name in ('router.shaper-fd', 'router.tun') else 'ListenStream'
    wanted = {'FileDescriptorName': name, kind: f'/run/covfefe/{name}.sock',
              'SocketUser': owner, 'Service': f'covfefe-{name.split(".")[0]}.service',
              'SocketMode': '0660' if name.endswith('.operator') else '0600',
              'TriggerLimitIntervalSec': '0'}
    for key, right in wanted.items():
        if value(text, key) != right:
            yield f'{unit}: {key}= is «{value(text, key)}», not {right}'


def wire_problems(name, port, text):
    unit = f'covfefe-{name.replace(".", "-")}.socket'
    wanted = {'FileDescriptorName': name, 'ListenDatagram': f'[::]:{port}',
              'Service': 'covfefe-router.service', 'TriggerLimitIntervalSec': '0'}
    for key, right in wanted.items():
        if value(text, key) != right:
            yield f'{unit}: {key}= is «{value(text, key)}», not {right}'


def tied(name, text):
    for key, to in TYING.findall(text):
        if to != 'covfefe.target':
            yield f'{name}: {key}={to} ties services together; sockets and Wants= do not'


def verify(texts):
    """systemd's own check, with programs that exist in place of those not installed yet."""
    if shutil.which('systemd-analyze') is None:
        print('not checked: systemd-analyze is not installed')
        return
    with tempfile.TemporaryDirectory() as folder:
        for name, text in texts.items():
            program = re.sub(r'^(Exec(?:Start|Reload))=\S+', r'\1=/bin/true', text, flags=re.M)
            (pathlib.Path(folder) / name).write_text(program)
        run = subprocess.run(
            ['systemd-analyze', 'verify', '--man=no', *(f'{folder}/{name}' for name in texts)],
            capture_output=True, text=True, env={'SYSTEMD_UNIT_PATH': f'{folder}:', 'PATH': '/usr/bin:/bin'})
        for line in (run.stdout + run.stderr).splitlines():
            if 'covfefe' in line:
                yield f'systemd-analyze: {line.replace(folder + "/", "")}'


def main():
    folder = tree.root() / 'systemd'
    texts = {path.name.removesuffix('.in'): path.read_text() for path in sorted(folder.iterdir())
             if re.search(r'\.(service|socket|target)(\.in)?$', path.name)}
    problems = []
    for service in tree.SERVICES:
        problems += service_problems(service, texts.get(f'covfefe-{service}.service', ''))
    for name, owner in EDGES.items():
        unit = f'covfefe-{name.replace(".", "-")}.socket'
        problems += socket_problems(name, owner, texts.get(unit, ''))
    for name, port in WIRES.items():
        problems += wire_problems(name, port, texts.get(f'covfefe-{name.replace(".", "-")}.socket', ''))
    for name, text in texts.items():
        problems += tied(name, text)
    problems += verify(texts)
    tree.finish(problems, f'{len(texts)} units')


if __name__ == '__main__':
    main()
