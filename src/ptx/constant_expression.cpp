// PTX ISA, "Constant Expressions": C's operators and precedence over .s64, .u64 and .f64.
#include "ptx/parser.h"

#include <bit>

namespace anywarp::ptx {
namespace {

double as_double(Constant c) {
  if (c.type == Type::F64) return std::bit_cast<double>(c.bits);
  return c.type == Type::U64 ? static_cast<double>(c.bits) : static_cast<double>(static_cast<int64_t>(c.bits));
}

Constant of(double value) { return {Type::F64, std::bit_cast<uint64_t>(value)}; }
Constant of(bool value) { return {Type::S64, value}; }

bool truth(Constant c) {
  if (c.type == Type::F64) return std::bit_cast<double>(c.bits) != 0;
  return c.type == Type::F32 ? (c.bits << 33) != 0 : c.bits != 0;
}

/// 0: not a binary operator.
int precedence(const Token& token) {
  if (token.kind != TokenKind::Symbol) return 0;
  switch (token.symbol) {
    case symbol('*'):
    case symbol('/'):
    case symbol('%'): return 10;
    case symbol('+'):
    case symbol('-'): return 9;
    case symbol('<', '<'):
    case symbol('>', '>'): return 8;
    case symbol('<'):
    case symbol('>'):
    case symbol('<', '='):
    case symbol('>', '='): return 7;
    case symbol('=', '='):
    case symbol('!', '='): return 6;
    case symbol('&'): return 5;
    case symbol('^'): return 4;
    case symbol('|'): return 3;
    case symbol('&', '&'): return 2;
    case symbol('|', '|'): return 1;
    default: return 0;
  }
}

template <class T>
bool compare(uint16_t op, T a, T b) {
  switch (op) {
    case symbol('<'): return a < b;
    case symbol('>'): return a > b;
    case symbol('<', '='): return a <= b;
    case symbol('>', '='): return a >= b;
    case symbol('=', '='): return a == b;
    default: return a != b;
  }
}

bool is_comparison(uint16_t op) {
  return op == symbol('<') || op == symbol('>') || op == symbol('<', '=') || op == symbol('>', '=') || op == symbol('=', '=') ||
         op == symbol('!', '=');
}

}  // namespace

bool Parser::at_constant() const {
  switch (token_.kind) {
    case TokenKind::Integer:
    case TokenKind::Float: return true;
    case TokenKind::Identifier: return token_.text == "WARP_SZ";
    case TokenKind::Symbol: return token_.is('-') || token_.is('+') || token_.is('~') || token_.is('!') || token_.is('(');
    default: return false;
  }
}

Constant Parser::constant() {
  if (expression_depth_ >= kMaxExpressionDepth) {
    fail(token_.location, "the constant expression is nested deeper than " + std::to_string(kMaxExpressionDepth) + " levels");
    return {};
  }
  ++expression_depth_;
  Constant value = constant_ternary();
  --expression_depth_;
  return value;
}

Constant Parser::constant_ternary() {
  Constant condition = constant_binary(1);
  if (!accept('?')) return condition;
  Constant yes = constant();
  if (!expect(':')) return {};
  Constant no = constant();
  return truth(condition) ? yes : no;
}

Constant Parser::constant_binary(int least) {
  Constant left = constant_unary();
  for (int level; (level = precedence(token_)) >= least;) {
    const Token op = token_;
    advance();
    left = constant_apply(op, left, constant_binary(level + 1));
    if (failed()) return {};
  }
  return left;
}

Constant Parser::constant_unary() {
  if (expression_depth_ >= kMaxExpressionDepth) {
    fail(token_.location, "the constant expression is nested deeper than " + std::to_string(kMaxExpressionDepth) + " levels");
    return {};
  }
  const Token token = token_;
  if (token.kind == TokenKind::Integer) {
    advance();
    return {token.is_unsigned ? Type::U64 : Type::S64, token.value};
  }
  if (token.kind == TokenKind::Float) {
    advance();
    return {token.is_f32 ? Type::F32 : Type::F64, token.value};
  }
  if (token.kind == TokenKind::Identifier && token.text == "WARP_SZ") {
    advance();
    return {Type::S64, 32};
  }
  if (accept('(')) {
    if (token_.is_word("s64") || token_.is_word("u64")) {
      const Type type = token_.text == "s64" ? Type::S64 : Type::U64;
      advance();
      if (!expect(')')) return {};
      ++expression_depth_;
      Constant value = constant_unary();
      --expression_depth_;
      if (value.is_float()) fail(token.location, "a floating-point constant cannot be cast");
      return {type, value.bits};
    }
    Constant value = constant();
    expect(')');
    return value;
  }
  for (char op : {'-', '+', '~', '!'}) {
    if (!accept(op)) continue;
    ++expression_depth_;
    Constant value = constant_unary();
    --expression_depth_;
    switch (op) {
      case '+': return value;
      case '!': return of(!truth(value));
      case '-':
        if (value.type == Type::F64) return {Type::F64, value.bits ^ uint64_t{1} << 63};
        if (value.type == Type::F32) return {Type::F32, value.bits ^ uint64_t{1} << 31};
        return {value.bits == uint64_t{1} << 63 ? Type::S64 : value.type, 0 - value.bits};
      default:
        if (value.is_float()) fail(token.location, "'~' takes an integer");
        return {value.type, ~value.bits};
    }
  }
  fail_expected("a constant");
  return {};
}

Constant Parser::constant_apply(const Token& token, Constant a, Constant b) {
  const uint16_t op = token.symbol;
  if (op == symbol('&', '&')) return of(truth(a) && truth(b));
  if (op == symbol('|', '|')) return of(truth(a) || truth(b));
  if (a.type == Type::F32 || b.type == Type::F32) {
    fail(token.location, "constants that begin with 0f take no operators");
    return {};
  }
  if (a.is_float() || b.is_float()) {
    const double x = as_double(a), y = as_double(b);
    if (is_comparison(op)) return of(compare(op, x, y));
    switch (op) {
      case symbol('+'): return of(x + y);
      case symbol('-'): return of(x - y);
      case symbol('*'): return of(x * y);
      case symbol('/'):
        if (y != 0) return of(x / y);
        fail(token.location, "division by zero in a constant expression");
        return {};
      default: fail(token.location, "'" + std::string(token.text) + "' takes integers"); return {};
    }
  }
  const bool is_unsigned = a.type == Type::U64 || b.type == Type::U64;
  const Type type = is_unsigned ? Type::U64 : Type::S64;
  const int64_t sa = static_cast<int64_t>(a.bits), sb = static_cast<int64_t>(b.bits);
  if (is_comparison(op)) return of(is_unsigned ? compare(op, a.bits, b.bits) : compare(op, sa, sb));
  switch (op) {
    case symbol('+'): return {type, a.bits + b.bits};
    case symbol('-'): return {type, a.bits - b.bits};
    case symbol('*'): return {type, a.bits * b.bits};
    case symbol('&'): return {type, a.bits & b.bits};
    case symbol('^'): return {type, a.bits ^ b.bits};
    case symbol('|'): return {type, a.bits | b.bits};
    case symbol('<', '<'): return {a.type, b.bits < 64 ? a.bits << b.bits : 0};
    case symbol('>', '>'):
      if (a.type == Type::U64) return {a.type, b.bits < 64 ? a.bits >> b.bits : 0};
      return {a.type, static_cast<uint64_t>(sa >> (b.bits < 64 ? b.bits : 63))};
    default: break;
  }
  if (b.bits == 0) {
    fail(token.location, "division by zero in a constant expression");
    return {};
  }
  const bool quotient = op == symbol('/');
  if (is_unsigned) return {type, quotient ? a.bits / b.bits : a.bits % b.bits};
  if (sb == -1) return {type, quotient ? 0 - a.bits : 0};  // the quotient of -2^63 wraps
  return {type, static_cast<uint64_t>(quotient ? sa / sb : sa % sb)};
}

int64_t Parser::constant_integer(std::string_view what) {
  const Location location = token_.location;
  Constant value = constant();
  if (value.is_float()) fail(location, std::string(what) + " must be an integer");
  return static_cast<int64_t>(value.bits);
}

}  // namespace anywarp::ptx
