#!/usr/bin/env python3
"""Writes what follows from api/ptx/instructions.txt, the PTX instruction set as data.

    gen/ptx_table.py DIR    writes into DIR words.h (enum class Opcode, enum class Mod), instruction_table.inc and, for
                           fuzzing, ptx.dict

The head of instructions.txt says how it is written. A line becomes one form or, where it has groups that may be left out,
several: a form is a list of slots, each a set of words of which one must (or may) stand there, and a list of operands.
"""

import itertools
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLE = ROOT / 'api/ptx/instructions.txt'
TYPES = ROOT / 'src/ptx/types.def'
KEYWORDS = set('and and_eq bitand bitor bool break case catch char class const continue default delete do double else enum '
               'explicit export extern false final float for friend goto if inline int long mutable namespace new not '
               'operator or override private protected public register return short signed sizeof static struct switch '
               'template this throw true try typedef union unsigned using virtual void volatile while xor None'.split())
# Words that need no row of their own: spaces, vectors, and the parts that operands of video instructions select.
EXTRA_WORDS = ('global local shared shared::cta shared::cluster const param param::entry param::func v2 v4 v8 unified '
               'b0 b1 b2 b3 b4 b5 b6 b7 b10 b20 b21 b30 b31 b32 b210 b310 b320 b321 b3210 h0 h1').split()
EXTRA_WORDS += [f'h{i}{j}' for i in range(4) for j in range(4)]
OPERAND_KINDS = 'd a b c p q m v i l x n f s'.split()


def fail(number, message):
    sys.exit(f'{TABLE.name}:{number}: {message}')


def enumerator(word):
    name = re.sub(r'\W+', '_', word)
    if name[0].isdigit():
        name = '_' + name
    return name + '_' if name in KEYWORDS else name


def opcode_enumerator(word):
    return word[0].upper() + word[1:]


def split_top(text, separator):
    """Splits at separators that stand outside of braces and parentheses."""
    parts, depth, start = [], 0, 0
    for i, c in enumerate(text):
        depth += (c in '{(') - (c in '})')
        if c == separator and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    return parts + [text[start:]]


def expand_groups(text):
    """'a{.b}{.c{.d}}' without its optional groups of more than one slot: every way to take or leave them."""
    for match in re.finditer(r'\{([^{}]*)\}', text):
        inner = match.group(1)
        if len(split_slots(inner)) > 1 or text_is_nested(text, match.start()):
            without = text[:match.start()] + text[match.end():]
            with_it = text[:match.start()] + inner + text[match.end():]
            return expand_groups(without) + expand_groups(with_it)
    return [text]


def text_is_nested(text, position):
    return text[:position].count('{') > text[:position].count('}')


def split_slots(text):
    return re.findall(r'\{\.[^{}]*\}|\.\([^)]*\)|\.\$\w+|\.[^.{}()$]+', text)


class Table:
    def __init__(self):
        self.sets = {}
        self.forms = []          # (opcode, [(words, optional)], [operand], line number)
        self.opcodes = {}
        self.words = {}
        self.read()

    def word_list(self, text, number):
        words = []
        for item in text.split('|'):
            item = item.strip()
            if item.startswith('$'):
                if item[1:] not in self.sets:
                    fail(number, f'there is no set {item}')
                words += self.sets[item[1:]]
            else:
                words.append(item)
        return words

    def read(self):
        for number, line in enumerate(TABLE.read_text().splitlines(), 1):
            line = line.split('#')[0].rstrip()
            if not line.strip():
                continue
            if line.startswith('$'):
                name, _, value = line[1:].partition('=')
                words = []
                for item in value.split():
                    words += self.word_list(item, number)
                self.sets[name.strip()] = list(dict.fromkeys(words))
                continue
            pattern, _, operands = line.partition(' ')
            self.add(pattern, operands.strip(), number)

    def add(self, pattern, operands, number):
        match = re.match(r'\w+', pattern)
        if not match:
            fail(number, f"'{pattern}' does not begin with an opcode")
        opcode = match.group(0)
        self.opcodes.setdefault(opcode, len(self.opcodes))
        bound = re.search(r'\{(\.[^,{}]+)(,[^{}]*)\}', operands)
        if bound:
            # These operands stand if and only if the slot does.
            slot = '{' + bound.group(1) + '}'
            if slot not in pattern:
                fail(number, f'there is no slot {slot}')
            word = bound.group(1)[1:]
            self.add(pattern.replace(slot, '', 1), operands.replace(bound.group(0), '', 1), number)
            self.add(pattern.replace(slot, f'.({word})' if '|' in word else f'.{word}', 1), operands.replace(bound.group(0), bound.group(2), 1), number)
            return
        for rest in expand_groups(pattern[match.end():]):
            slots = []
            pieces = split_slots(rest)
            if ''.join(pieces) != rest:
                fail(number, f"'{rest}' is not a list of slots")
            for piece in pieces:
                optional = piece.startswith('{')
                if optional:
                    piece = piece[1:-1]
                piece = piece[1:]
                if piece.startswith('('):
                    piece = piece[1:-1]
                words = list(dict.fromkeys(self.word_list(piece, number)))
                for word in words:
                    self.words.setdefault(word, len(self.words))
                slots.append((words, optional))
            for operand_list in self.expand_operands(operands):
                self.forms.append((opcode, slots, [self.operand(o, number) for o in operand_list], number))

    def expand_operands(self, text):
        """'d, a{, b{, c}}' -> [d, a], [d, a, b], [d, a, b, c]"""
        results = []
        while True:
            match = re.search(r'\{([^{}]*)\}', text)
            if not match:
                return [[o.strip() for o in text.split(',') if o.strip()]]
            without = text[:match.start()] + text[match.end():]
            with_it = text[:match.start()] + match.group(1) + text[match.end():]
            results = self.expand_operands(without) + self.expand_operands(with_it)
            return [list(r) for r in dict.fromkeys(tuple(r) for r in results)]

    def operand(self, text, number):
        """'d:b32', 'a|v4:1+', 'p': the kinds that may stand there, and the type that a register must have."""
        kinds, _, kind_of_type = text.partition(':')
        mask, length = [], '0'
        for kind in kinds.split('|'):
            if re.fullmatch(r'i\d+', kind):
                length, kind = kind[1:], 'i'
            if re.fullmatch(r'v(\d+|w)', kind):
                length = kind[1:].replace('w', 'kLengthOfWords')
                kind = 'v'
            if kind not in OPERAND_KINDS:
                fail(number, f"there is no operand kind '{kind}'")
            mask.append(kind)
        wide = kind_of_type.endswith('+')
        if wide:
            kind_of_type = kind_of_type[:-1]
        if not kind_of_type:
            kind_of_type = '0' if set(mask) & set('dabcv') else '-'
        return mask, kind_of_type, wide, length


def write_if_changed(path, text):
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def types():
    return re.findall(r'AW_PTX_TYPE\((\w+), "(\w+)"', TYPES.read_text())


def write_words(table, out):
    lines = ['// Written by gen/ptx_table.py from api/ptx/instructions.txt.', '#pragma once', '', '#include <cstdint>', '',
             'namespace anywarp::ptx {', '', 'enum class Opcode : uint16_t {', '  None,']
    lines += [f'  {opcode_enumerator(o)},  // {o}' for o in table.opcodes]
    lines += ['};', f'inline constexpr unsigned kOpcodeCount = {len(table.opcodes) + 1};', '', 'enum class Mod : uint16_t {', '  None,']
    seen = {}
    for word in table.words:
        name = enumerator(word)
        if name in seen:
            sys.exit(f"{TABLE.name}: words '{word}' and '{seen[name]}' have the same enumerator {name}")
        seen[name] = word
        lines.append(f'  {name},  // .{word}')
    lines += ['};', f'inline constexpr unsigned kModCount = {len(table.words) + 1};', '', '}  // namespace anywarp::ptx', '']
    write_if_changed(out, '\n'.join(lines))


def write_table(table, out):
    type_words = {word: name for name, word in types()}
    lines = ['// Written by gen/ptx_table.py from api/ptx/instructions.txt.', '']
    lines.append('constexpr std::string_view kOpcodeWords[] = {"",')
    lines += [f'  "{o}",' for o in table.opcodes] + ['};', '']
    lines.append('constexpr std::string_view kModWords[] = {"",')
    lines += [f'  "{w}",' for w in table.words] + ['};', '']
    lines.append('constexpr Type kModTypes[] = {Type::None,')
    lines += [f'  Type::{type_words.get(w, "None")},  // {w}' for w in table.words] + ['};', '']

    word_sets, slots, operands, forms = {}, {}, {}, []
    def place(pool, sequence):
        return pool.setdefault(tuple(sequence), None)
    flat_words, word_index = [], {}
    flat_slots, slot_index = [], {}
    flat_operands, operand_index = [], {}

    def intern(flat, index, sequence):
        key = tuple(sequence)
        if key not in index:
            index[key] = len(flat)
            flat.extend(sequence)
        return index[key]

    for opcode, form_slots, form_operands, number in sorted(table.forms, key=lambda f: table.opcodes[f[0]]):
        rows = []
        for words, optional in form_slots:
            first = intern(flat_words, word_index, [f'Mod::{enumerator(w)}' for w in words])
            rows.append(f'{{{first}, {len(words)}, {str(optional).lower()}}}')
        first_slot = intern(flat_slots, slot_index, rows)
        rows = []
        for kinds, kind_of_type, wide, length in form_operands:
            if kind_of_type == '-':
                source, type_name = 'Unchecked', 'None'
            elif kind_of_type.isdigit():
                source, type_name = f'Word{kind_of_type}', 'None'
            elif kind_of_type in ('wide', 'narrow'):
                source, type_name = kind_of_type.capitalize(), 'None'
            elif kind_of_type in type_words:
                source, type_name = 'Fixed', type_words[kind_of_type]
            else:
                fail(number, f"there is no type '{kind_of_type}'")
            mask = '|'.join(f'k{k.upper()}' for k in kinds)
            rows.append(f'{{{mask}, TypeSource::{source}, Type::{type_name}, {str(wide).lower()}, {length}}}')
        first_operand = intern(flat_operands, operand_index, rows)
        forms.append((opcode, f'{{{first_slot}, {len(form_slots)}, {first_operand}, {len(form_operands)}, {number}}}'))
    lines += ['constexpr Mod kSlotWords[] = {'] + [f'  {w},' for w in flat_words] + ['  Mod::None};', '']
    lines += ['constexpr Slot kSlots[] = {'] + [f'  {s},' for s in flat_slots] + ['  {0, 0, false}};', '']
    lines += ['constexpr OperandForm kOperandForms[] = {'] + [f'  {o},' for o in flat_operands] + ['  {0, TypeSource::Unchecked, Type::None, false, 0}};', '']
    lines += ['constexpr Form kForms[] = {'] + [f'  {row},' for _, row in forms] + ['};', '']
    lines.append('constexpr FormRange kFormRanges[] = {{0, 0},')
    position = 0
    for opcode, group in itertools.groupby(forms, key=lambda f: f[0]):
        count = len(list(group))
        lines.append(f'  {{{position}, {count}}},  // {opcode}')
        position += count
    lines += ['};', '']
    write_if_changed(out, '\n'.join(lines))


def write_dictionary(table, out):
    """For libFuzzer: opcodes, words, directives and some tokens."""
    directives = ('version target address_size visible extern weak common entry func reg param align ptr maxntid reqntid minnctapersm '
                  'maxnreg noreturn pragma loc file section branchtargets calltargets callprototype alias attribute managed tex').split()
    special = re.findall(r'AW_PTX_SPECIAL\(\w+, "(\w+)"', (TYPES.parent / 'special_registers.def').read_text())
    words = list(table.opcodes) + ['.' + w for w in list(table.words) + directives] + ['%' + s for s in special[:32]]
    words += ['generic(', '0f3F800000', '0d3FF0000000000000', '{%r1, %r2}', '[%rd1+4]', '@!%p1 ', '%p1|%p2', '.version 9.0\\x0a.target sm_90a\\x0a', 'WARP_SZ']
    lines = []
    for word in dict.fromkeys(words):
        lines.append('"' + word + '"')
    write_if_changed(out, '\n'.join(lines) + '\n')


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    out = pathlib.Path(sys.argv[1])
    table = Table()
    for word in EXTRA_WORDS + [word for _, word in types()]:
        table.words.setdefault(word, len(table.words))
    write_words(table, out / 'words.h')
    write_table(table, out / 'instruction_table.inc')
    write_dictionary(table, out / 'ptx.dict')
    print(f'{len(table.opcodes)} opcodes, {len(table.words)} words, {len(table.forms)} forms')


if __name__ == '__main__':
    main()
