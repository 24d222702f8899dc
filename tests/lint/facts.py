# SPDX-License-Identifier: Apache-2.0
"""What a process may do, as its unit and its jail say it, in one shape: dictionaries of sets of words."""
import json
import re
import subprocess

import tree

FAMILIES = {1: 'AF_UNIX', 2: 'AF_INET', 10: 'AF_INET6', 16: 'AF_NETLINK', 17: 'AF_PACKET'}
UNITS = {'K': 1 << 10, 'M': 1 << 20, 'G': 1 << 30}
WRITABLE = ('BindPaths', 'ReadWritePaths', 'StateDirectory', 'DeviceAllow')


def unit(name):
    folder = tree.root() / 'systemd'
    for path in (folder / name, folder / (name + '.in')):
        if path.exists():
            return path.read_text()
    return ''


def words(text, key):
    """All words of a setting that may be given more than once."""
    return ' '.join(re.findall(rf'^{key}=(.*)$', text, re.M)).split()


def number(text):
    return int(text[:-1]) * UNITS[text[-1]] if text[-1] in UNITS else int(text)


def socket_facts(name):
    """Name that the service knows it by, and who may connect: owner, and the group where it may write."""
    text = unit(name)
    owners = set(words(text, 'SocketUser'))
    if words(text, 'SocketMode') == ['0660']:
        owners |= set(words(text, 'SocketGroup'))
    return words(text, 'FileDescriptorName')[0], owners


def sockets_of(service):
    return dict(socket_facts(name) for name in words(unit(f'covfefe-{service}.service'), 'Sockets'))


def connects(service):
    """Edges of others whose socket belongs to this service's user, but for what a service sends from."""
    user = 'root' if service == 'tun-helper' else f'covfefe-{service}'
    found = {}
    for other in tree.SERVICES:
        found.update(sockets_of(other))
    return {name for name, owners in found.items()
            if user in owners and not name.endswith(('.operator', '.notify')) and not name.startswith('wire.')}


def writable(text):
    """Paths that the unit leaves writable, and devices: the last part of a bind is where it is seen."""
    found = set()
    for key in WRITABLE:
        for value in re.findall(rf'^{key}=(.*)$', text, re.M):
            for word in value.split()[:1] if key == 'DeviceAllow' else value.split():
                found.add(word.removeprefix('-').split(':')[-1])
    return found


def unit_facts(service):
    text = unit(f'covfefe-{service}.service')
    limits = dict(re.findall(r'^Limit(\w+)=(\w+)$', text, re.M))
    return {
        'user': ' '.join(words(text, 'User')),
        'capabilities': set(words(text, 'CapabilityBoundingSet')),
        'sockets': sockets_of(service),
        'families': set(words(text, 'RestrictAddressFamilies')),
        'limits': {f'RLIMIT_{name}': number(value) for name, value in limits.items()},
        'writable': writable(text),
    }


def new_sockets(calls):
    """Families of the socket calls that the jail allows; «any» where one names no family."""
    found = set()
    for call in calls:
        if call['call'] != 'socket' or call['verdict'] != 'allow':
            continue
        family = [one['value'] for one in call['arguments'] if one['index'] == 0 and one['test'] == 'equal']
        found.add(FAMILIES.get(family[0], str(family[0])) if family else 'any')
    return found


def jail_facts(service, build):
    program = build / 'cmd' / service / f'covfefe-{service}'
    policy = json.loads(subprocess.run([str(program), '--explain-jail=json'], check=True, capture_output=True,
                                       text=True).stdout)
    allowed = {call['call'] for call in policy['calls'] if call['verdict'] == 'allow'}
    return {
        'user': policy['user'],
        'capabilities': set(policy['capabilities']),
        'families': new_sockets(policy['calls']),
        'connects': 'connect' in allowed,
        'limits': {limit['name']: limit['value'] for limit in policy['limits']},
        'files': {('/' + path['path'], path['access']) for path in policy['paths']},
    }
