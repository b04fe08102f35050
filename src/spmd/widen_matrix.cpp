// Operations on matrices (kir/matrix.h). The 32 lanes of a warp are one slice here, so a fragment is a few whole vectors.
//
// A product is computed in the order in which D's lanes hold it, so that no sum ever moves. Of m16n8, a register of C has row g and
// column 2*t + j for lane 4*g + t: with 16 lanes in a register of the machine, that is 4 rows of 4 columns. For each k such a vector needs
// 4 elements of A, each for 4 neighbouring lanes, and 4 of B, the same for each row:
//
//     A's register has element A[g][4*depth + t] in lane 4*g + t:  a permutation within 128 bits, for the whole row of D's registers
//     B, put into the order [k][j][column]:                        a load that repeats 128 bits, for the whole column of them
//
// which is, for the 8 sums of m16n8, 8 fused multiply-adds, 4 permutations and 2 loads. The machine at hand has four vector pipes, two of
// them multiply and two permute: its multipliers never wait.
//
// Fragments of A and B are prepared once: converted to what the machine multiplies, B in its order, and put into memory, where the products
// of a basic block that share a fragment find it. A product is a call of a function, made once for each shape and kind, that has the sums
// in registers: code stays small however often a kernel's author unrolled his loops.
//
// What multiplies: binary32 for binary16, tf32 and 8-bit floats; bfloat16 in pairs where the machine has an instruction for that (it takes
// denormals for zeros, which PTX leaves open); bytes in fours or, extended to 16 bits, in twos. The machine's instruction for fours takes
// unsigned by signed bytes. Two signed ones: A + 128 is unsigned, and 128 times the column's sum of B is taken off again; two unsigned
// ones: B - 128 is signed.
//
// What lies in memory is loaded by rows of 16 bytes or more, and a transposition is a permutation of the whole block.
#include "spmd/widen.h"

#include "kir/matrix.h"

#include <llvm/IR/IntrinsicsX86.h>
#include <llvm/IR/Module.h>

#include <numeric>

namespace anywarp::spmd {

using namespace llvm;

namespace {

constexpr unsigned kLanes = 32;
constexpr unsigned kMostPrepared = 24;  // fragments in memory at one time

enum class Unit : uint8_t { Single, Double, Brain, Bytes, Shorts };

/// How a product is computed on this machine.
struct Scheme {
  kir::Product product;
  Unit unit = Unit::Single;
  unsigned lanes = 4;  // of a vector of the machine
  bool x86 = true;

  unsigned slots() const {  // vectors of words that one register of A or B becomes
    switch (unit) {
      case Unit::Single: return product.in_register();
      case Unit::Shorts: return 2;
      default: return 1;
    }
  }
  unsigned parts() const { return kLanes / lanes; }
  Type* word(LLVMContext& context) const {
    if (unit == Unit::Single) return Type::getFloatTy(context);
    return unit == Unit::Double ? Type::getDoubleTy(context) : Type::getInt32Ty(context);
  }
  Type* sum(LLVMContext& context) const {
    return unit == Unit::Double         ? Type::getDoubleTy(context)
           : kir::is_integer(product.a) ? static_cast<Type*>(Type::getInt32Ty(context))
                                        : Type::getFloatTy(context);
  }
  bool flips_a() const { return unit == Unit::Bytes && product.a == kir::Element::S8 && product.b == kir::Element::S8; }
  bool flips_b() const { return unit == Unit::Bytes && product.a == kir::Element::U8 && product.b == kir::Element::U8; }
  unsigned words_of_a() const { return product.registers_of_a() * slots() * kLanes; }
  unsigned words_of_b() const { return product.registers_of_b() * slots() * kLanes; }
  /// Behind the words: what is to be added to each sum, by rows or by columns.
  unsigned more_of_a() const { return flips_b() ? product.row_blocks() * kLanes : 0; }
  unsigned more_of_b() const { return flips_a() ? product.column_blocks() * 8 : 0; }
};

/// x86's instructions take other types of the same bits.
Value* call_x86(IRBuilder<>& b, Intrinsic::ID id, ArrayRef<Value*> arguments) {
  const FunctionType* type = Intrinsic::getType(b.getContext(), id);
  SmallVector<Value*> cast;
  for (unsigned i = 0; i < arguments.size(); ++i) cast.push_back(b.CreateBitCast(arguments[i], type->getParamType(i)));
  return b.CreateIntrinsic(id, {}, cast);
}

SmallVector<int> lanes_from(unsigned first, unsigned count) {
  SmallVector<int> lanes(count);
  std::iota(lanes.begin(), lanes.end(), int(first));
  return lanes;
}

/// sum + the products of the elements in each word of x and y.
Value* multiply_add(IRBuilder<>& b, const Scheme& scheme, Value* sum, Value* x, Value* y) {
  const bool by_512 = scheme.lanes == 16, by_256 = scheme.lanes == 8;
  switch (scheme.unit) {
    case Unit::Single:
    case Unit::Double: return b.CreateIntrinsic(Intrinsic::fma, {sum->getType()}, {x, y, sum});
    case Unit::Brain:
      return call_x86(b,
                      by_512   ? Intrinsic::x86_avx512bf16_dpbf16ps_512
                      : by_256 ? Intrinsic::x86_avx512bf16_dpbf16ps_256
                               : Intrinsic::x86_avx512bf16_dpbf16ps_128,
                      {sum, x, y});
    case Unit::Bytes: {
      const bool swaps = scheme.product.a == kir::Element::S8 && scheme.product.b == kir::Element::U8;
      return call_x86(b,
                      by_512   ? Intrinsic::x86_avx512_vpdpbusd_512
                      : by_256 ? Intrinsic::x86_avx512_vpdpbusd_256
                               : Intrinsic::x86_avx512_vpdpbusd_128,
                      {sum, swaps ? y : x, swaps ? x : y});
    }
    case Unit::Shorts: {
      auto* words = cast<FixedVectorType>(sum->getType());
      if (scheme.x86)
        return b.CreateAdd(sum, call_x86(b,
                                         by_512   ? Intrinsic::x86_avx512_pmaddw_d_512
                                         : by_256 ? Intrinsic::x86_avx2_pmadd_wd
                                                  : Intrinsic::x86_sse2_pmadd_wd,
                                         {x, y}));
      for (bool high : {false, true}) {
        auto half = [&](Value* word) {
          return b.CreateAShr(high ? word : b.CreateShl(word, ConstantInt::get(words, 16)), ConstantInt::get(words, 16));
        };
        sum = b.CreateAdd(sum, b.CreateMul(half(x), half(y)));
      }
      return sum;
    }
  }
  return sum;
}

/// The function that computes products of the scheme: pointers to A and B as they are prepared, then C's registers in pieces.
Function* product_function(Module& module, const Scheme& scheme) {
  const kir::Product& product = scheme.product;
  const std::string name = product.name() + ".sums";
  if (Function* known = module.getFunction(name)) return known;
  LLVMContext& context = module.getContext();
  IRBuilder<> b(context);
  Type *word = scheme.word(context), *vector_of_words = FixedVectorType::get(word, scheme.lanes);
  Type* vector_of_sums = FixedVectorType::get(scheme.sum(context), scheme.lanes);
  const unsigned count = product.registers_of_c() * scheme.parts();
  SmallVector<Type*> sums(count, vector_of_sums), parameters{b.getPtrTy(), b.getPtrTy()};
  parameters.append(sums);
  auto* function =
      Function::Create(FunctionType::get(StructType::get(context, sums), parameters, false), GlobalValue::InternalLinkage, name, module);
  function->addFnAttr(Attribute::NoInline);
  function->addFnAttr(Attribute::NoUnwind);
  function->addFnAttr(Attribute::WillReturn);
  function->setMemoryEffects(MemoryEffects::argMemOnly(ModRefInfo::Ref));
  if (scheme.unit == Unit::Brain) function->addFnAttr("anywarp-features", "+avx512bf16");
  if (scheme.x86) function->setCallingConv(CallingConv::X86_RegCall);
  b.SetInsertPoint(BasicBlock::Create(context, "entry", function));
  Value *of_a = function->getArg(0), *of_b = function->getArg(1);
  const DataLayout& layout = module.getDataLayout();
  const unsigned word_bytes = unsigned(layout.getTypeAllocSize(word).getFixedValue());

  auto load = [&](Value* base, unsigned first, Type* type) {
    const Align align(MinAlign(64, uint64_t(first) * word_bytes));
    return b.CreateAlignedLoad(type, b.CreateConstInBoundsGEP1_64(word, base, first), std::min(align, Align(64)));
  };
  auto repeat = [&](Value* four) {  // 4 words for each row
    SmallVector<int> lanes;
    for (unsigned lane = 0; lane < scheme.lanes; ++lane) lanes.push_back(int(lane % 4));
    return b.CreateShuffleVector(four, lanes);
  };
  const unsigned rows = product.row_blocks(), depths = product.depths(), slots = scheme.slots(), parts = scheme.parts();
  auto load_b = [&](unsigned first) { return repeat(load(of_b, first, FixedVectorType::get(word, 4))); };

  SmallVector<Value*> sums_now;
  for (unsigned i = 0; i < count; ++i) sums_now.push_back(function->getArg(2 + i));
  auto sum_at = [&](unsigned column, unsigned row, unsigned j, unsigned part) -> Value*& {
    return sums_now[((column * rows + row) * 2 + j) * parts + part];
  };
  // As many sums at a time as the machine has registers for, besides what they need.
  const unsigned blocks_at_a_time = std::max(1u, (scheme.lanes * word_bytes == 64 ? 16u : 8u) / (2 * parts));
  SmallVector<std::pair<unsigned, unsigned>> blocks;
  for (unsigned column = 0; column < product.column_blocks(); ++column)
    for (unsigned row = 0; row < rows; ++row) blocks.push_back({column, row});
  for (size_t first = 0; first < blocks.size(); first += blocks_at_a_time) {
    const auto now = ArrayRef(blocks).slice(first, std::min<size_t>(blocks_at_a_time, blocks.size() - first));
    for (auto [column, row] : now)
      for (unsigned j : {0u, 1u})
        for (unsigned part = 0; part < parts; ++part) {
          Value*& sum = sum_at(column, row, j, part);
          if (scheme.more_of_a())
            sum = b.CreateAdd(sum, load(of_a, scheme.words_of_a() + row * kLanes + part * scheme.lanes, vector_of_words));
          if (scheme.more_of_b()) sum = b.CreateAdd(sum, load_b(scheme.words_of_b() + column * 8 + j * 4));
        }
    for (unsigned depth = 0; depth < depths; ++depth)
      for (unsigned slot = 0; slot < slots; ++slot)
        for (unsigned t = 0; t < 4; ++t) {
          DenseMap<unsigned, Value*> a, columns;
          for (auto [column, row] : now)
            for (unsigned part = 0; part < parts; ++part) {
              Value*& x = a[row * parts + part];
              if (!x) {
                SmallVector<int> lanes;
                for (unsigned lane = 0; lane < scheme.lanes; ++lane) lanes.push_back(int((lane & ~3u) + t));
                x = b.CreateShuffleVector(load(of_a, ((depth * slots + slot) * rows + row) * kLanes + part * scheme.lanes, vector_of_words),
                                          lanes);
              }
              for (unsigned j : {0u, 1u}) {
                Value*& y = columns[column * 2 + j];
                if (!y) y = load_b(((column * depths + depth) * slots + slot) * kLanes + t * 8 + j * 4);
                Value*& sum = sum_at(column, row, j, part);
                sum = multiply_add(b, scheme, sum, x, y);
              }
            }
        }
  }
  Value* result = PoisonValue::get(function->getReturnType());
  for (unsigned i = 0; i < count; ++i) result = b.CreateInsertValue(result, sums_now[i], i);
  b.CreateRet(result);
  return function;
}

/// The words of one register of a fragment, in an order of lanes.
class Words {
 public:
  Words(IRBuilder<>& b, const Scheme& scheme, kir::Element element, bool flips)
      : b_(b), scheme_(scheme), element_(element), flips_(flips) {}

  Value* slot(Value* reg, unsigned slot, ArrayRef<int> order) {
    switch (scheme_.unit) {
      case Unit::Double:
      case Unit::Brain: return b_.CreateShuffleVector(reg, order);
      case Unit::Bytes: {
        Value* words = b_.CreateShuffleVector(reg, order);
        return flips_ ? b_.CreateXor(words, ConstantInt::get(words->getType(), 0x80808080u)) : words;
      }
      case Unit::Shorts: {
        Type* shorts = FixedVectorType::get(b_.getInt16Ty(), 2 * kLanes);
        Value* pairs = b_.CreateBitCast(b_.CreateShuffleVector(reg, order), shorts);
        if (slot == 0) pairs = b_.CreateShl(pairs, ConstantInt::get(shorts, 8));
        const bool is_signed = element_ == kir::Element::S8;
        pairs = is_signed ? b_.CreateAShr(pairs, ConstantInt::get(shorts, 8)) : b_.CreateLShr(pairs, ConstantInt::get(shorts, 8));
        return b_.CreateBitCast(pairs, FixedVectorType::get(b_.getInt32Ty(), kLanes));
      }
      case Unit::Single: return single(reg, slot, order);
    }
    return nullptr;
  }

 private:
  Type* wide(Type* type) { return FixedVectorType::get(type, kLanes); }
  Value* element_of(Value* reg, unsigned slot, ArrayRef<int> order) {
    const unsigned bits = kir::bits_of(element_), count = 32 / bits;
    SmallVector<int> from;
    for (int lane : order) from.push_back(lane * int(count) + int(slot));
    return b_.CreateShuffleVector(b_.CreateBitCast(reg, FixedVectorType::get(b_.getIntNTy(bits), count * kLanes)), from);
  }
  Value* from_half(Value* bits) { return b_.CreateFPExt(b_.CreateBitCast(bits, wide(b_.getHalfTy())), wide(b_.getFloatTy())); }
  Value* single(Value* reg, unsigned slot, ArrayRef<int> order) {
    Type *words = wide(b_.getInt32Ty()), *shorts = wide(b_.getInt16Ty()), *floats = wide(b_.getFloatTy());
    switch (element_) {
      case kir::Element::F16: return from_half(element_of(reg, slot, order));
      case kir::Element::Bf16: {
        Value* pair = b_.CreateShuffleVector(reg, order);
        return b_.CreateBitCast(
            slot == 0 ? b_.CreateShl(pair, ConstantInt::get(words, 16)) : b_.CreateAnd(pair, ConstantInt::get(words, 0xffff0000u)), floats);
      }
      case kir::Element::E5m2:
        return from_half(b_.CreateShl(b_.CreateZExt(element_of(reg, slot, order), shorts), ConstantInt::get(shorts, 8)));
      case kir::Element::E4m3: {
        Value* byte = b_.CreateZExt(element_of(reg, slot, order), shorts);
        Value* magnitude = b_.CreateAnd(byte, ConstantInt::get(shorts, 0x7f));
        Value* sign = b_.CreateShl(b_.CreateAnd(byte, ConstantInt::get(shorts, 0x80)), ConstantInt::get(shorts, 8));
        Value* number = from_half(b_.CreateOr(sign, b_.CreateShl(magnitude, ConstantInt::get(shorts, 7))));
        number = b_.CreateFMul(number, ConstantFP::get(floats, 256));
        return b_.CreateSelect(b_.CreateICmpEQ(magnitude, ConstantInt::get(shorts, 0x7f)), ConstantFP::getNaN(floats), number);
      }
      default: return b_.CreateBitCast(b_.CreateAnd(b_.CreateShuffleVector(reg, order), ConstantInt::get(words, 0xffffe000u)), floats);
    }
  }

  IRBuilder<>& b_;
  const Scheme& scheme_;
  const kir::Element element_;
  const bool flips_;
};

/// For each group of four lanes the sum of 128 times their bytes, in all four. The bytes are signed ones of B or unsigned ones of A, and
/// are multiplied by those of the other kind.
Value* sums_of_bytes(IRBuilder<>& b, const Scheme& scheme, ArrayRef<Value*> registers, bool of_b) {
  SmallVector<Value*> parts;
  for (unsigned part = 0; part < scheme.parts(); ++part) {
    Type* words = FixedVectorType::get(b.getInt32Ty(), scheme.lanes);
    Value *sum = ConstantInt::get(words, 0), *ones = ConstantInt::get(words, 0x01010101u);
    for (Value* reg : registers) {
      Value* bytes = b.CreateShuffleVector(reg, lanes_from(part * scheme.lanes, scheme.lanes));
      sum = multiply_add(b, scheme, sum, of_b ? ones : bytes, of_b ? bytes : ones);
    }
    parts.push_back(sum);
  }
  while (parts.size() > 1) {
    SmallVector<Value*> next;
    for (size_t i = 0; i < parts.size(); i += 2) {
      const unsigned length = cast<FixedVectorType>(parts[i]->getType())->getNumElements();
      next.push_back(b.CreateShuffleVector(parts[i], parts[i + 1], lanes_from(0, 2 * length)));
    }
    parts = std::move(next);
  }
  Value* total = parts[0];
  for (unsigned distance : {1u, 2u}) {
    SmallVector<int> other;
    for (unsigned lane = 0; lane < kLanes; ++lane) other.push_back(int(lane ^ distance));
    total = b.CreateAdd(total, b.CreateShuffleVector(total, other));
  }
  return b.CreateShl(total, ConstantInt::get(total->getType(), 7));
}

}  // namespace

bool Widener::write_matrix_operation(CallInst& call) {
  const StringRef name = call.getCalledFunction()->getName();
  if (const auto product = kir::Product::parse(name)) {
    write_product(call, *product);
    return true;
  }
  if (const auto matrices = kir::RowMatrices::parse(name)) {
    write_row_matrices(call, *matrices);
    return true;
  }
  if (const auto tile = kir::Tile::parse(name)) {
    write_tile(call, *tile);
    return true;
  }
  return false;
}

/// A fragment of A or B in memory, as product_function() reads it.
Value* Widener::prepared(const kir::Product& product, bool of_a, ArrayRef<Value*> registers, uint64_t words, Type* word,
                         const std::function<void(Value* memory)>& write) {
  const std::string kind = product.name() + (of_a ? ".a" : ".b");
  for (size_t i = 0; i < prepared_.size(); ++i) {
    if (prepared_[i].kind != kind || ArrayRef(prepared_[i].registers) != registers) continue;
    std::rotate(prepared_.begin() + long(i), prepared_.begin() + long(i) + 1, prepared_.end());  // the last one used is the last to go
    return prepared_.back().memory;
  }
  const uint64_t bytes = words * (word->getPrimitiveSizeInBits().getFixedValue() / 8);
  AllocaInst* memory = nullptr;
  if (prepared_.size() >= kMostPrepared) {
    free_fragments_.push_back({prepared_.front().bytes, prepared_.front().memory});
    prepared_.erase(prepared_.begin());
  }
  for (size_t i = 0; i < free_fragments_.size() && !memory; ++i)
    if (free_fragments_[i].first == bytes) {
      memory = free_fragments_[i].second;
      free_fragments_.erase(free_fragments_.begin() + long(i));
    }
  if (!memory) {
    memory = temporary(ArrayType::get(b_.getInt8Ty(), bytes), of_a ? "of_a" : "of_b");
    memory->setAlignment(Align(64));
  }
  write(memory);
  prepared_.push_back({kind, SmallVector<Value*, 8>(registers), bytes, memory});
  return memory;
}

void Widener::forget_prepared() {
  for (const Prepared& fragment : prepared_) free_fragments_.push_back({fragment.bytes, fragment.memory});
  prepared_.clear();
}

void Widener::write_product(CallInst& call, const kir::Product& product) {
  Scheme scheme{product};
  if (product.a == kir::Element::F64)
    scheme.unit = Unit::Double;
  else if (product.a == kir::Element::Bf16 && product.b == kir::Element::Bf16 && target_.multiplies_brain)
    scheme.unit = Unit::Brain;
  else if (kir::is_integer(product.a))
    scheme.unit = target_.multiplies_bytes ? Unit::Bytes : Unit::Shorts;
  scheme.x86 = target_.is_x86;
  Type* word = scheme.word(context_);
  scheme.lanes = std::max(4u, target_.vector_bits / unsigned(word->getPrimitiveSizeInBits().getFixedValue()));

  const unsigned registers_of_a = product.registers_of_a(), registers_of_b = product.registers_of_b();
  SmallVector<Value*, 8> a, b;
  for (unsigned i = 0; i < registers_of_a; ++i) a.push_back(vector(call.getArgOperand(i)));
  for (unsigned i = 0; i < registers_of_b; ++i) b.push_back(vector(call.getArgOperand(registers_of_a + i)));
  auto put = [&](Value* memory, unsigned first, Value* words) {
    const unsigned bytes = unsigned(word->getPrimitiveSizeInBits().getFixedValue()) / 8;
    b_.CreateAlignedStore(words, b_.CreateConstInBoundsGEP1_64(word, memory, first), Align(MinAlign(64, uint64_t(first) * bytes)));
  };
  const SmallVector<int> in_order = lanes_from(0, kLanes);
  SmallVector<int> by_columns(kLanes);  // [t][j][i]: of column 2*i + j
  for (unsigned place = 0; place < kLanes; ++place) by_columns[place] = int(4 * (2 * (place % 4) + place / 4 % 2) + place / 8);

  Value* of_a = prepared(product, true, a, scheme.words_of_a() + scheme.more_of_a(), word, [&](Value* memory) {
    Words words(b_, scheme, product.a, scheme.flips_a());
    SmallVector<Value*, 8> frozen;
    for (Value* reg : a) frozen.push_back(b_.CreateFreeze(reg));
    for (unsigned depth = 0; depth < product.depths(); ++depth)
      for (unsigned row = 0; row < product.row_blocks(); ++row)
        for (unsigned slot = 0; slot < scheme.slots(); ++slot)
          put(memory, ((depth * scheme.slots() + slot) * product.row_blocks() + row) * kLanes,
              words.slot(frozen[depth * product.row_blocks() + row], slot, in_order));
    if (!scheme.more_of_a()) return;
    for (unsigned row = 0; row < product.row_blocks(); ++row) {
      SmallVector<Value*, 4> along;
      for (unsigned depth = 0; depth < product.depths(); ++depth) along.push_back(frozen[depth * product.row_blocks() + row]);
      put(memory, scheme.words_of_a() + row * kLanes, sums_of_bytes(b_, scheme, along, /*of_b=*/false));
    }
  });
  Value* of_b = prepared(product, false, b, scheme.words_of_b() + scheme.more_of_b(), word, [&](Value* memory) {
    Words words(b_, scheme, product.b, scheme.flips_b());
    SmallVector<Value*, 8> frozen;
    for (Value* reg : b) frozen.push_back(b_.CreateFreeze(reg));
    for (unsigned i = 0; i < registers_of_b; ++i)
      for (unsigned slot = 0; slot < scheme.slots(); ++slot)
        put(memory, (i * scheme.slots() + slot) * kLanes, words.slot(frozen[i], slot, by_columns));
    if (!scheme.more_of_b()) return;
    for (unsigned column = 0; column < product.column_blocks(); ++column) {
      Value* sums = sums_of_bytes(b_, scheme, ArrayRef(frozen).slice(column * product.depths(), product.depths()), /*of_b=*/true);
      put(memory, scheme.words_of_b() + column * 8, b_.CreateNeg(b_.CreateShuffleVector(sums, ArrayRef(by_columns).take_front(8))));
    }
  });

  SmallVector<Value*> arguments{of_a, of_b};
  for (unsigned i = registers_of_a + registers_of_b; i < call.arg_size(); ++i) {
    Value* sums = b_.CreateFreeze(vector(call.getArgOperand(i)));
    for (unsigned part = 0; part < scheme.parts(); ++part)
      arguments.push_back(b_.CreateShuffleVector(sums, lanes_from(part * scheme.lanes, scheme.lanes)));
  }
  Function* function = product_function(*kernel_.getParent(), scheme);
  CallInst* made = b_.CreateCall(function, arguments);
  made->setCallingConv(function->getCallingConv());
  Lanes results;
  for (unsigned r = 0; r < product.registers_of_c(); ++r) {
    SmallVector<Value*> parts;
    for (unsigned part = 0; part < scheme.parts(); ++part) parts.push_back(b_.CreateExtractValue(made, r * scheme.parts() + part));
    results.push_back(concatenate(parts));
  }
  define_lanes(&call, results);
}

// ---------------------------------------------------------------------------------------------------- memory

/// `value` of a lane, for each lane that it is asked for.
std::function<Value*(unsigned lane)> Widener::scalars_of_lanes(const Value* value) {
  if (shapes_.uniform(value)) return [form = scalar(value)](unsigned) { return form; };
  if (const Affine* shape = shapes_.affine(value); shape && (!shape->conditional || assume(valid(value)))) {
    return [this, shape, base = scalar(value)](unsigned lane) {
      return base->getType()->isPointerTy() ? offset_pointer(base, shape->offsets[lane])
                                            : b_.CreateAdd(base, ConstantInt::getSigned(base->getType(), shape->offsets[lane]));
    };
  }
  // Through memory: the machine moves elements of a vector to other registers one at a time, by the way of permutations. LLVM would undo
  // this if the loads were not volatile.
  Value* all = vector(value);
  Type* type = cast<FixedVectorType>(all->getType())->getElementType();
  AllocaInst* memory = temporary(all->getType(), "lanes");
  b_.CreateStore(all, memory);
  return [this, type, memory](unsigned lane) -> Value* {
    return b_.CreateLoad(type, b_.CreateConstInBoundsGEP1_64(type, memory, lane), /*isVolatile=*/true);
  };
}

/// One vector of what lies at `count` pointers.
Value* Widener::load_pieces(unsigned count, const std::function<Value*(unsigned)>& pointer, Type* element, unsigned length, Align align) {
  SmallVector<Value*> pieces;
  // Frozen here, so that the permutations that follow, of several operations, can become one.
  for (unsigned i = 0; i < count; ++i)
    pieces.push_back(b_.CreateFreeze(b_.CreateAlignedLoad(FixedVectorType::get(element, length), pointer(i), align)));
  return concatenate(pieces);
}

void Widener::store_pieces(unsigned count, const std::function<Value*(unsigned)>& pointer, Value* data, Align align) {
  const unsigned length = cast<FixedVectorType>(data->getType())->getNumElements() / count;
  for (unsigned i = 0; i < count; ++i)
    b_.CreateAlignedStore(b_.CreateShuffleVector(data, lanes_from(i * length, length)), pointer(i), align);
}

void Widener::write_row_matrices(CallInst& call, const kir::RowMatrices& matrices) {
  const auto rows = scalars_of_lanes(call.getArgOperand(0));
  Type *halves = FixedVectorType::get(b_.getInt16Ty(), 64), *words = FixedVectorType::get(b_.getInt32Ty(), kLanes);
  // Element e of lane 4*g + t is [g][2*t + e] of the matrix, or [2*t + e][g]; the way back is the same permutation.
  SmallVector<int> transposed;
  for (unsigned place = 0; place < 64; ++place) transposed.push_back(int(place % 8 * 8 + place / 8));
  Lanes results;
  for (unsigned j = 0; j < matrices.count; ++j) {
    auto row = [&](unsigned i) { return rows(8 * j + i); };
    if (matrices.store) {
      Value* data = b_.CreateBitCast(b_.CreateFreeze(vector(call.getArgOperand(1 + j))), halves);
      store_pieces(8, row, matrices.transposed ? b_.CreateShuffleVector(data, transposed) : data, Align(2));
    } else {
      Value* data = load_pieces(8, row, b_.getInt16Ty(), 8, Align(2));
      if (matrices.transposed) data = b_.CreateShuffleVector(data, transposed);
      results.push_back(b_.CreateBitCast(data, words));
    }
  }
  if (!matrices.store) define_lanes(&call, results);
}

void Widener::write_tile(CallInst& call, const kir::Tile& tile) {
  Value* base = scalars_of_lanes(call.getArgOperand(0))(0);
  Value* stride = b_.CreateZExt(scalars_of_lanes(call.getArgOperand(1))(0), b_.getInt64Ty());
  Type* element = b_.getIntNTy(tile.bits);
  const unsigned width = tile.width(), held = width / 4, in_register = tile.in_register(), parts = tile.parts();
  const unsigned pieces = tile.along ? 8 : width, length = tile.along ? width : 8;
  Type* register_type = FixedVectorType::get(b_.getIntNTy(tile.bits == 64 ? 64 : 32), kLanes);
  const Align align(tile.bits / 8);
  // Where element `place` of vector `g` is in the pieces.
  auto in_pieces = [&](unsigned g, unsigned place) { return int(tile.along ? g * width + place : place * 8 + g); };
  Lanes results;
  if (!tile.store) results.resize(tile.registers());
  for (unsigned block = 0; block < tile.vector_blocks(); ++block)
    for (unsigned along = 0; along < tile.blocks_along(); ++along) {
      const unsigned first = tile.along ? 8 * block : along * width, offset = tile.along ? along * width : 8 * block;
      auto pointer = [&](unsigned i) {
        return b_.CreateGEP(element, base, b_.CreateAdd(b_.CreateMul(stride, b_.getInt64(first + i)), b_.getInt64(offset)));
      };
      if (tile.store) {
        Value* held_by_lanes = nullptr;  // [part][lane][element]
        SmallVector<Value*> registers;
        for (unsigned part = 0; part < parts; ++part)
          registers.push_back(b_.CreateBitCast(b_.CreateFreeze(vector(call.getArgOperand(2 + tile.register_of(block, along, part)))),
                                               FixedVectorType::get(element, kLanes * in_register)));
        held_by_lanes = concatenate(registers);
        SmallVector<int> order(size_t(8) * width);
        for (unsigned g = 0; g < 8; ++g)
          for (unsigned place = 0; place < width; ++place) {
            const unsigned lane = 4 * g + place / held, i = place % held;
            order[size_t(in_pieces(g, place))] = int((i / in_register * kLanes + lane) * in_register + i % in_register);
          }
        store_pieces(pieces, pointer, b_.CreateShuffleVector(held_by_lanes, order), align);
        continue;
      }
      Value* data = load_pieces(pieces, pointer, element, length, align);
      for (unsigned part = 0; part < parts; ++part) {
        SmallVector<int> order;
        for (unsigned lane = 0; lane < kLanes; ++lane)
          for (unsigned e = 0; e < in_register; ++e) order.push_back(in_pieces(lane / 4, lane % 4 * held + part * in_register + e));
        results[tile.register_of(block, along, part)] = b_.CreateBitCast(b_.CreateShuffleVector(data, order), register_type);
      }
    }
  if (!tile.store) define_lanes(&call, results);
}

}  // namespace anywarp::spmd
