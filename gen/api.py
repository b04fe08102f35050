#!/usr/bin/env python3
"""Writes everything that follows from api/driver.txt and api/driver_types.txt.

    gen/api.py headers           writes include/cuda_driver_*.h, include/cudaTypedefs.h, include/cudaProfiler.h
    gen/api.py headers --check   exits with 1, and says which, if one of those is not what it would write
    gen/api.py driver DIR        writes into DIR what libcuda is built from: entry_points.h, trampolines.cpp, error_table.inc,
                                 proc_table.inc, exports.map
"""

import pathlib
import re
import sys
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parent.parent


@dataclass
class Parameter:
    type: str
    name: str


@dataclass
class EntryPoint:
    symbol: str
    parameters: list
    name: str       # what cuGetProcAddress is asked for; empty: not known to it
    version: int
    owner: str
    current: str    # the name that sources say for this symbol, if it is another
    twin: str       # '', 'ptds' or 'ptsz'
    same: str
    old: bool
    undeclared: bool
    deprecated: bool
    any_time: bool
    supported: bool

    def twin_symbol(self):
        return f'{self.symbol}_{self.twin}'

    def signature(self):
        return ', '.join(f'{p.type} {p.name}' for p in self.parameters) or 'void'

    def types(self):
        return ', '.join(p.type for p in self.parameters) or 'void'

    def arguments(self):
        return ', '.join(p.name for p in self.parameters)


def content(path):
    """Lines of a table with their numbers, without comments and empty lines."""
    for number, line in enumerate((ROOT / path).read_text().splitlines(), 1):
        if line.strip() and not line.startswith('#'):
            yield number, line.rstrip()


def fail(path, number, message):
    sys.exit(f'{path}:{number}: {message}')


def read_entry_points(path='api/driver.txt'):
    entries, owner = [], None
    for number, line in content(path):
        if section := re.fullmatch(r'\[(\w+)\]', line):
            owner = section[1]
            continue
        match = re.fullmatch(r'(\w+)\((.*)\) : (\S+)( .*)?', line)
        if not match or not owner:
            fail(path, number, f'expected `symbol(parameters) : name@version flags`, got `{line}`')
        parameters = []
        for text in filter(None, match[2].split(', ')):
            declared = re.fullmatch(r'(.*[\s*])(\w+)', text)
            if not declared:
                fail(path, number, f'parameter `{text}` has no name')
            parameters.append(Parameter(declared[1].strip(), declared[2]))
        flags = {}
        for flag in (match[4] or '').split():
            key, _, value = flag.partition('=')
            if key not in ('current', 'ptds', 'ptsz', 'old', 'undeclared', 'deprecated', 'any_time', 'same', 'unsupported'):
                fail(path, number, f'unknown flag `{flag}`')
            flags[key] = value
        name, _, version = match[3].partition('@')
        entries.append(EntryPoint(
            symbol=match[1], parameters=parameters, name='' if name == '-' else name, version=int(version or 0), owner=owner,
            current=(flags['current'] or name) if 'current' in flags else '',
            twin='ptds' if 'ptds' in flags else 'ptsz' if 'ptsz' in flags else '',
            same=flags.get('same', ''), old='old' in flags, undeclared='undeclared' in flags, deprecated='deprecated' in flags,
            any_time='any_time' in flags, supported='unsupported' not in flags))
    symbols = {entry.symbol: entry for entry in entries}
    if len(symbols) != len(entries):
        sys.exit(f'{path}: a symbol is listed twice')
    for entry in entries:
        if entry.same and entry.same not in symbols:
            sys.exit(f'{path}: {entry.symbol} is the same as {entry.same}, which is not listed')
    return entries


# Why what a section's functions offer is not there. A sentence for whoever calls one.
REASONS = {
    'array': 'There are no sparse arrays, and none whose memory is mapped later.',
    'checkpoint': 'The state of a process cannot be saved and restored.',
    'copy': 'No decompression engine is there.',
    'coredump': 'A kernel that fails leaves no dump of the device.',
    'device': 'It is about buses that a processor does not have.',
    'egl': 'There is no graphics device whose frames could be shared.',
    'external': 'Memory and semaphores of graphics APIs cannot be imported.',
    'function': 'It belongs to the way of launching that cuLaunchKernel replaced.',
    'graph': 'Semaphores of graphics APIs cannot be imported.',
    'graphics': 'There is no graphics device whose memory could be shared.',
    'launch': 'It belongs to the ways of launching that cuLaunchKernel and cuLaunchCooperativeKernel replaced.',
    'library': 'No function is the same for the host and the device.',
    'logs': 'Messages go to where ANYWARP_LOG says.',
    'memory': 'Nobody takes memory away from a device, so there is nothing to be told of.',
    'opengl': 'There is no graphics device whose memory could be shared.',
    'profiler': 'CUDA 13 has no profiler that reads a configuration.',
    'tensor_map': 'Copies by tensor maps are not supported.',
    'vdpau': 'There is no graphics device whose memory could be shared.',
    'virtual_memory': 'There are no multicast objects, and no files of other drivers that memory could be shared by.',
}
OLD_REASON = 'It is the interface of CUDA before 3.2, whose addresses and sizes have 32 bits.'


def is_of_32_bits(entry):
    return entry.old and entry.version < 3020


def reason(entry):
    """Why it is not supported."""
    return OLD_REASON if is_of_32_bits(entry) else REASONS.get(entry.owner, '')


def read_types(path='api/driver_types.txt'):
    sections, current = {}, None
    for _, line in content(path):
        if section := re.fullmatch(r'\[(\w+)\]', line):
            current = sections.setdefault(section[1], [])
        else:
            current.append(line)
    return sections


BANNER = '// Generated by gen/api.py from {}; edit that instead.\n'


# ---- headers -------------------------------------------------------------------------------------------------------------

def enum_text(lines):
    head = lines[0].split()
    tag = f' {head[2]}' if len(head) > 2 else ''
    body = ',\n'.join(lines[1:])
    return f'typedef enum{tag} {{\n{body}\n}} {head[1]};\n'


def members_text(lines, depth):
    """Members from an indented list; returns text and what is left of the list."""
    out, indent = [], '  ' * depth
    while lines and lines[0].startswith(indent):
        line = lines.pop(0).strip()
        nested = re.fullmatch(r'(struct|union)(?: (\w+))?(?: : (\w+))?', line)
        if nested:
            tag = f' {nested[2]}' if nested[2] else ''
            inner = members_text(lines, depth + 1)
            name = f' {nested[3]}' if nested[3] else ''
            out.append(f'{indent}{nested[1]}{tag} {{\n{inner}{indent}}}{name};\n')
        else:
            out.append(f'{indent}{line};\n')
    return ''.join(out)


def type_text(lines):
    head = lines[0]
    if match := re.fullmatch(r'alias (\w+) = (.*)', head):
        return f'typedef {match[2]} {match[1]};\n'
    if match := re.fullmatch(r'callback (\w+) = (.*?)\((.*)\)', head):
        return f'typedef {match[2]}(CUDA_CB* {match[1]})({match[3]});\n'
    match = re.fullmatch(r'(struct|union) (\w+)(?: (\w+))??(?: align (\d+))?', head)
    kind, name, tag, align = match[1], match[2], match[3] or '', match[4]
    rest = lines[1:]
    members = members_text(rest, 1)
    if align:
        first, members = members.split('\n', 1)
        members = f'  CU_ALIGNED({align}) {first.strip()}\n{members}'
    text = f'typedef {kind} {tag} {{\n{members}}} {name};\n'.replace('  {', ' {')
    if name == 'CUuuid':  # the runtime API's headers define it as well
        return f'#ifndef CU_UUID_HAS_BEEN_DEFINED\n#define CU_UUID_HAS_BEEN_DEFINED\n{text}#endif\n'
    return text


def groups(lines):
    """Splits at lines that are not indented."""
    group = []
    for line in lines:
        if not line.startswith(' ') and group:
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def types_header():
    sections = read_types()
    out = ['// Types, flags and constants of the CUDA driver API.\n', BANNER.format('api/driver_types.txt'),
           '#ifndef ANYWARP_CUDA_DRIVER_TYPES_H\n#define ANYWARP_CUDA_DRIVER_TYPES_H\n\n#include <stddef.h>\n#include <stdint.h>\n\n',
           '#define CUDAAPI\n#define CUDA_CB\n\n',
           '#if defined(__cplusplus)\n#define CU_ALIGNED(bytes) alignas(bytes)\n#else\n#define CU_ALIGNED(bytes) _Alignas(bytes)\n#endif\n\n']
    for line in sections['constants']:
        name, value = line.split(' = ', 1)
        out.append(f'#define {name} {value}\n')
    out.append('\n')
    for line in sections['handles']:
        name, tag = line.split()
        out.append(f'typedef struct {tag}* {name};\n')
    out.append('\n')
    for group in groups(sections['enums']):
        out.append(enum_text(group) + '\n')
    for group in groups(sections['types']):
        out.append(type_text(group))
        if group[0].startswith(('struct', 'union')):
            out.append('\n')
    out.append('#undef CU_ALIGNED\n\n#endif\n')
    return ''.join(out)


def prototype(entry, symbol, deprecated=True):
    mark = 'CU_DEPRECATED ' if entry.deprecated and deprecated else ''
    return f'{mark}CUresult CUDAAPI {symbol}({entry.signature()});\n'


def functions_header():
    entries = [entry for entry in read_entry_points() if not entry.undeclared]
    out = ['// Prototypes of the CUDA driver API, and the macros by which a source\'s cuMemAlloc means cuMemAlloc_v2.\n',
           BANNER.format('api/driver.txt'),
           '#ifndef ANYWARP_CUDA_DRIVER_FUNCTIONS_H\n#define ANYWARP_CUDA_DRIVER_FUNCTIONS_H\n\n',
           '#if defined(__CUDA_API_VERSION_INTERNAL) || defined(CUDA_ENABLE_DEPRECATED)\n#define CU_DEPRECATED\n',
           '#else\n#define CU_DEPRECATED __attribute__((deprecated))\n#endif\n\n',
           '// A source that is compiled for per-thread default streams gets the twins.\n',
           '#if defined(CUDA_API_PER_THREAD_DEFAULT_STREAM)\n#define __CUDA_API_PER_THREAD_DEFAULT_STREAM\n',
           '#define __CUDA_API_PTDS(name) name##_ptds\n#define __CUDA_API_PTSZ(name) name##_ptsz\n',
           '#else\n#define __CUDA_API_PTDS(name) name\n#define __CUDA_API_PTSZ(name) name\n#endif\n\n',
           '#if !defined(__CUDA_API_VERSION_INTERNAL)\n\n']

    def target(entry):
        return f'__CUDA_API_{entry.twin.upper()}({entry.symbol})' if entry.twin else entry.symbol

    for entry in entries:
        if entry.current:
            out.append(f'#define {entry.current} {target(entry)}\n')
    out.append('#if defined(__CUDA_API_PER_THREAD_DEFAULT_STREAM)\n')
    for entry in entries:
        if entry.twin and not entry.current and not entry.old:
            out.append(f'#define {entry.symbol} {target(entry)}\n')
    out.append('#endif\n\n')
    for entry in entries:
        if not entry.old and entry.owner != 'profiler':
            out.append(prototype(entry, entry.current or entry.symbol))
    out.append('''
#if defined(__CUDA_API_PER_THREAD_DEFAULT_STREAM)
/* Unless the caller says which default stream it wants, it wants the one that it was compiled for. */
static inline CUresult cuGetProcAddress_v2_ptsz(const char* symbol, void** pfn, int cudaVersion, cuuint64_t flags,
                                                CUdriverProcAddressQueryResult* symbolStatus) {
  if (!(flags & (CU_GET_PROC_ADDRESS_LEGACY_STREAM | CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM)))
    flags |= CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM;
  return cuGetProcAddress_v2(symbol, pfn, cudaVersion, flags, symbolStatus);
}
#define cuGetProcAddress_v2 cuGetProcAddress_v2_ptsz
#endif

#else  // every symbol under its own name, for those who implement or interpose the driver

''')
    for entry in entries:
        if entry.owner == 'profiler':
            continue
        out.append(prototype(entry, entry.symbol))
        if entry.twin:
            out.append(prototype(entry, entry.twin_symbol()))
    out.append('\n#endif\n\n#undef CU_DEPRECATED\n\n#endif\n')
    return ''.join(out)


def profiler_header():
    out = ['// The part of the driver API that controls a profiler.\n', BANNER.format('api/driver.txt'),
           '#ifndef ANYWARP_CUDA_PROFILER_H\n#define ANYWARP_CUDA_PROFILER_H\n\n#include <cuda.h>\n\n',
           '#ifdef __cplusplus\nextern "C" {\n#endif\n\n']
    for entry in read_entry_points():
        if entry.owner == 'profiler':
            out.append(prototype(entry, entry.symbol, deprecated=False))
    out.append('\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n')
    return ''.join(out)


def twin_version(entry):
    """Per-thread default streams came with CUDA 7.0."""
    return max(entry.version, 7000)


def typedefs_header():
    entries = [entry for entry in read_entry_points() if entry.name and not entry.undeclared]
    out = ['// PFN_<name>_v<version>: the pointer types of what cuGetProcAddress gives.\n',
           BANNER.format('api/driver.txt'),
           '#ifndef ANYWARP_CUDA_TYPEDEFS_H\n#define ANYWARP_CUDA_TYPEDEFS_H\n\n#include <cuda.h>\n\n',
           '#ifdef __cplusplus\nextern "C" {\n#endif\n\n']
    for entry in entries:
        out.append(f'typedef CUresult(CUDAAPI* PFN_{entry.name}_v{entry.version})({entry.types()});\n')
        if entry.twin:
            out.append(f'typedef CUresult(CUDAAPI* PFN_{entry.name}_v{twin_version(entry)}_{entry.twin})({entry.types()});\n')
    out.append('\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n')
    return ''.join(out)


def coverage_page():
    owners = {}
    for entry in read_entry_points():
        owners.setdefault(entry.owner, []).append(entry)
    entries = [entry for group in owners.values() for entry in group]
    old = [entry.symbol for entry in entries if not entry.supported and is_of_32_bits(entry)]
    out = ['# Coverage of the driver API\n\n<!-- Generated by gen/generate.py from api/driver.txt and api/runtime.txt; edit those instead. -->\n\n',
           'libcuda exports every entry point of CUDA 13.0. What is not supported returns `CUDA_ERROR_NOT_SUPPORTED` and logs once why.\n\n',
           f'Supported: {sum(entry.supported for entry in entries)} of {len(entries)}; '
           f'{len(old)} of the others are the interface of CUDA before 3.2, whose addresses and sizes have 32 bits.\n\n',
           '| part | supported | not supported | why |\n|---|---|---|---|\n']
    for owner, group in sorted(owners.items()):
        yes = sum(entry.supported for entry in group)
        missing = [entry for entry in group if not entry.supported and not is_of_32_bits(entry)]
        no = ', '.join(f'`{entry.symbol}`' for entry in missing)
        out.append(f'| {owner.replace("_", " ")} | {yes} of {len(group)} | {no} | {REASONS.get(owner, "") if missing else ""} |\n')
    out.append('\nBefore CUDA 3.2: ' + ', '.join(f'`{symbol}`' for symbol in old) + '.\n\n')
    return ''.join(out)


HEADERS = {
    'include/cuda_driver_types.h': types_header,
    'include/cuda_driver_functions.h': functions_header,
    'include/cudaTypedefs.h': typedefs_header,
    'include/cudaProfiler.h': profiler_header,
}


# ---- what libcuda is built from -------------------------------------------------------------------------------------------

def implementations(entries):
    return [entry for entry in entries if entry.supported and not entry.same]


def entry_points_source(entries):
    out = ['// What the files of src/driver implement; each trampoline of the same name calls one of these.\n', BANNER.format('api/driver.txt'),
           '#pragma once\n\n#include "base/result.h"\n\n#include <cudaProfiler.h>\n\nnamespace anywarp::driver::api {\n']
    owner = None
    for entry in implementations(entries):
        if entry.owner != owner:
            owner = entry.owner
            out.append(f'\n// {owner}.cpp\n')
        out.append(f'Result<> {entry.symbol}({entry.signature().replace("void", "") if not entry.parameters else entry.signature()});\n')
    out.append('\n}  // namespace anywarp::driver::api\n\nnamespace anywarp::driver {\n\n')
    out.append('enum class EntryPoint : uint16_t {\n')
    for entry in entries:
        out.append(f'  {entry.symbol},\n')
        if entry.twin:
            out.append(f'  {entry.twin_symbol()},\n')
    out.append('};\n\n}  // namespace anywarp::driver\n\nextern "C" {\n')
    for entry in entries:
        if entry.undeclared:
            out.append(prototype(entry, entry.symbol))
            if entry.twin:
                out.append(prototype(entry, entry.twin_symbol()))
    out.append('}\n')
    return ''.join(out)


def trampoline(entry, target, symbol, twin):
    if not entry.supported:
        body = f'return unsupported(EntryPoint::{symbol}, "{reason(entry)}");'
    else:
        names = ''.join(f', Argument{{"{p.name}", {p.name}}}' for p in entry.parameters)
        gate = 'Gate::AnyTime' if entry.any_time else 'Gate::PerThread' if twin else 'Gate::Initialised'
        body = f'return enter<{gate}>(EntryPoint::{symbol}, [&] {{ return api::{target}({entry.arguments()}); }}{names});'
    return f'AW_EXPORT CUresult {symbol}({entry.signature()}) {{\n  {body}\n}}\n'


def trampolines_source(entries):
    out = ['// Every symbol that libcuda exports.\n', BANNER.format('api/driver.txt'),
           '#include "driver/enter.h"\n#include "entry_points.h"\n\nusing namespace anywarp::driver;\n\n',
           'namespace anywarp::driver {\n\nconst char* name(EntryPoint entry) {\n  static constexpr const char* kNames[] = {\n']
    for entry in entries:
        out.append(f'      "{entry.symbol}",\n')
        if entry.twin:
            out.append(f'      "{entry.twin_symbol()}",\n')
    out.append('  };\n  return kNames[static_cast<size_t>(entry)];\n}\n\n}  // namespace anywarp::driver\n\nextern "C" {\n\n')
    by_symbol = {entry.symbol: entry for entry in entries}
    for entry in entries:
        target = entry.same or entry.symbol
        if entry.same and not by_symbol[entry.same].supported:
            sys.exit(f'{entry.symbol} is the same as {entry.same}, which is not supported')
        out.append(trampoline(entry, target, entry.symbol, False))
        if entry.twin:
            out.append(trampoline(entry, target, entry.twin_symbol(), True))
    out.append('\n}  // extern "C"\n')
    return ''.join(out)


def proc_table(entries):
    rows = []
    for entry in entries:
        if entry.name:
            twin = f'reinterpret_cast<void*>(&::{entry.twin_symbol()})' if entry.twin else 'nullptr'
            rows.append((entry.name, entry.version,
                         f'{{"{entry.name}", {entry.version}, {twin_version(entry)}, reinterpret_cast<void*>(&::{entry.symbol}), {twin}}},\n'))
    rows.sort()
    return BANNER.format('api/driver.txt') + ''.join(row[2] for row in rows)


def error_table():
    out = [BANNER.format('api/driver_types.txt')]
    for group in groups(read_types()['enums']):
        if group[0].split()[1] == 'CUresult':
            out += [f'AW_ERROR({line.split(" = ")[0].strip()})\n' for line in group[1:]]
    return ''.join(out)


def exports_map(entries):
    names = []
    for entry in entries:
        names.append(entry.symbol)
        if entry.twin:
            names.append(entry.twin_symbol())
    return '{\n  global:\n' + ''.join(f'    {name};\n' for name in sorted(names)) + '    anywarp_*;\n  local:\n    *;\n};\n'


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def main(arguments):
    if arguments == ['headers']:
        for path, make in HEADERS.items():
            write(ROOT / path, make())
    elif arguments == ['headers', '--check']:
        stale = [path for path, make in HEADERS.items() if not (ROOT / path).exists() or (ROOT / path).read_text() != make()]
        for path in stale:
            print(f'{path} is not what gen/api.py writes; run `gen/api.py headers`', file=sys.stderr)
        return 1 if stale else 0
    elif len(arguments) == 2 and arguments[0] == 'driver':
        directory, entries = pathlib.Path(arguments[1]), read_entry_points()
        write(directory / 'entry_points.h', entry_points_source(entries))
        write(directory / 'trampolines.cpp', trampolines_source(entries))
        write(directory / 'proc_table.inc', proc_table(entries))
        write(directory / 'error_table.inc', error_table())
        write(directory / 'exports.map', exports_map(entries))
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
