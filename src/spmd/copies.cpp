// Kernels fetch tiles into shared memory by 16 bytes a thread, which reach us as pieces:
//
//   before   %a = load i64, ptr addrspace(1) %from                       after   call void @aw.copy.16.3.1(ptr addrspace(3) %to,
//            store i64 %a, ptr addrspace(3) %to                                                            ptr addrspace(1) %from)
//            %b = load i64, ptr addrspace(1) (%from + 8)
//            store i64 %b, ptr addrspace(3) (%to + 8)
//
// For one thread that is no better; but the elements of all lanes, piece by piece, are 16 bytes apart, which takes gathers and
// scatters. As a whole they are contiguous for some lanes in a row, and vectors do.
//
// The whole copy is made where the last of its stores was. What stands between must not touch what it moves past.
//
// In a loop over tiles the next tile's address is known by the loop: the call's third argument is the distance in bytes (0: not known).
// Between the two lie barriers and the work on this tile, in which time memory can bring the next one nearer; a processor foresees rows
// of memory, not tiles.
#include "spmd/copies.h"

#include "spmd/intrinsics.h"

#include <llvm/ADT/MapVector.h>
#include <llvm/Analysis/AliasAnalysis.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/MemoryLocation.h>
#include <llvm/Analysis/ScalarEvolutionExpressions.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Module.h>
#include <llvm/Transforms/Utils/ScalarEvolutionExpander.h>

#include <tuple>

namespace anywarp::spmd {

using namespace llvm;

namespace {

constexpr unsigned kShared = 3, kMostBytes = 16;

struct Piece {
  LoadInst* load;
  StoreInst* store;
  int64_t from, to;  // offsets from the bases
  int64_t bytes;
};

using Bases = std::tuple<const Value*, const Value*, int64_t>;  // of load, of store, difference of the offsets

const Value* base_of(const Value* pointer, const DataLayout& layout, int64_t& offset) {
  APInt bytes(layout.getIndexTypeSizeInBits(pointer->getType()), 0);
  const Value* base = pointer->stripAndAccumulateConstantOffsets(layout, bytes, /*AllowNonInbounds=*/true);
  offset = bytes.getSExtValue();
  return base;
}

MapVector<Bases, SmallVector<Piece>> find_pieces(BasicBlock& block) {
  const DataLayout& layout = block.getDataLayout();
  MapVector<Bases, SmallVector<Piece>> found;
  for (Instruction& instruction : block) {
    auto* store = dyn_cast<StoreInst>(&instruction);
    auto* load = store ? dyn_cast<LoadInst>(store->getValueOperand()) : nullptr;
    if (!load || !store->isSimple() || !load->isSimple() || !load->hasOneUse() || load->getParent() != &block) continue;
    if ((store->getPointerAddressSpace() == kShared) == (load->getPointerAddressSpace() == kShared)) continue;
    Type* type = load->getType();
    if (layout.getTypeSizeInBits(type) != layout.getTypeAllocSizeInBits(type)) continue;
    Piece piece{load, store, 0, 0, int64_t(layout.getTypeAllocSize(type).getFixedValue())};
    const Value* from = base_of(load->getPointerOperand(), layout, piece.from);
    const Value* to = base_of(store->getPointerOperand(), layout, piece.to);
    found[{from, to, piece.from - piece.to}].push_back(piece);
  }
  for (auto& [bases, pieces] : found)
    llvm::sort(pieces,
               [](const Piece& a, const Piece& b) { return a.from < b.from || (a.from == b.from && a.store->comesBefore(b.store)); });
  return found;
}

/// Pointers of two address spaces have nothing in common, unless one is generic. LLVM's analysis knows that of a GPU only.
bool are_apart(const MemoryLocation& a, const MemoryLocation& b, AAResults& aliases) {
  const unsigned spaces[2] = {a.Ptr->getType()->getPointerAddressSpace(), b.Ptr->getType()->getPointerAddressSpace()};
  return (spaces[0] != spaces[1] && spaces[0] != 0 && spaces[1] != 0) || aliases.isNoAlias(a, b);
}

/// Whether the instruction may write the location, or with `reads` read it.
bool touches(const Instruction& instruction, const MemoryLocation& location, bool reads, AAResults& aliases) {
  if (!instruction.mayReadOrWriteMemory() || (!reads && !instruction.mayWriteToMemory())) return false;
  if (const auto* call = dyn_cast<CallInst>(&instruction); call && call->getCalledFunction()) {
    if (const unsigned bytes = bytes_of_copy(call->getCalledFunction()->getName())) {
      const LocationSize size = LocationSize::precise(bytes);
      return !are_apart(MemoryLocation(call->getArgOperand(0), size), location, aliases) ||
             (reads && !are_apart(MemoryLocation(call->getArgOperand(1), size), location, aliases));
    }
  }
  const auto own = MemoryLocation::getOrNone(&instruction);
  if (own && isa<LoadInst, StoreInst>(instruction) && !instruction.isVolatile() && !instruction.isAtomic())
    return !are_apart(*own, location, aliases);
  const ModRefInfo effects = aliases.getModRefInfo(&instruction, location);
  return reads ? isModOrRefSet(effects) : isModSet(effects);
}

/// Whether all of them may happen where the last store is.
bool may_move(ArrayRef<Piece> pieces, AAResults& aliases) {
  SmallPtrSet<const Instruction*, 8> own;
  const Instruction *first = pieces[0].load, *last = pieces[0].store;
  for (const Piece& piece : pieces) {
    own.insert(piece.load);
    own.insert(piece.store);
    if (piece.load->comesBefore(first)) first = piece.load;
    if (last->comesBefore(piece.store)) last = piece.store;
    for (const Piece& other : pieces)
      if (!are_apart(MemoryLocation::get(piece.load), MemoryLocation::get(other.store), aliases)) return false;
  }
  for (const Instruction* between = first; between != last; between = between->getNextNode()) {
    if (own.contains(between)) continue;
    for (const Piece& piece : pieces)
      if (touches(*between, MemoryLocation::get(piece.load), false, aliases) ||
          touches(*between, MemoryLocation::get(piece.store), true, aliases))
        return false;
  }
  return true;
}

/// By how many bytes the pointer moves from tile to tile: the step in the loop that waits for others.
Value* step_of(Value* pointer, ScalarEvolution& evolution, IRBuilder<>& b) {
  Value* unknown = b.getInt64(0);
  const auto* address = dyn_cast<SCEVAddRecExpr>(evolution.getSCEV(pointer));
  for (; address; address = dyn_cast<SCEVAddRecExpr>(address->getStart())) {
    const Loop* loop = address->getLoop();
    if (!has_waiting_barrier(*loop)) continue;
    if (!address->isAffine() || !loop->getLoopPreheader()) return unknown;
    const SCEV* step = address->getStepRecurrence(evolution);
    Instruction* before = loop->getLoopPreheader()->getTerminator();
    SCEVExpander expander(evolution, "step");
    if (!step->getType()->isIntegerTy(64) || !expander.isSafeToExpandAt(step, before)) return unknown;
    return expander.expandCodeFor(step, b.getInt64Ty(), before->getIterator());
  }
  return unknown;
}

void replace(ArrayRef<Piece> pieces, int64_t bytes, ScalarEvolution& evolution) {
  StoreInst* last = pieces[0].store;
  for (const Piece& piece : pieces)
    if (last->comesBefore(piece.store)) last = piece.store;
  IRBuilder<> b(last);
  Value *to = pieces[0].store->getPointerOperand(), *from = pieces[0].load->getPointerOperand();
  const std::string name = "aw.copy." + std::to_string(bytes) + "." + std::to_string(pieces[0].store->getPointerAddressSpace()) + "." +
                           std::to_string(pieces[0].load->getPointerAddressSpace());
  auto* type = FunctionType::get(b.getVoidTy(), {to->getType(), from->getType(), b.getInt64Ty()}, false);
  FunctionCallee callee = last->getModule()->getOrInsertFunction(name, type);
  auto* function = cast<Function>(callee.getCallee());
  function->setDoesNotThrow();
  function->setWillReturn();
  function->setMemoryEffects(MemoryEffects::argMemOnly());
  CallInst* call = b.CreateCall(callee, {to, from, step_of(from, evolution, b)});
  call->addParamAttr(0, Attribute::getWithAlignment(b.getContext(), pieces[0].store->getAlign()));
  call->addParamAttr(1, Attribute::getWithAlignment(b.getContext(), pieces[0].load->getAlign()));
  for (const Piece& piece : pieces) {
    piece.store->eraseFromParent();
    piece.load->eraseFromParent();
  }
}

}  // namespace

unsigned join_copies(Function& kernel, FunctionAnalysisManager& analyses) {
  AAResults& aliases = analyses.getResult<AAManager>(kernel);
  ScalarEvolution& evolution = analyses.getResult<ScalarEvolutionAnalysis>(kernel);
  unsigned count = 0;
  for (BasicBlock& block : kernel)
    for (auto& [bases, pieces] : find_pieces(block)) {
      for (size_t first = 0; first < pieces.size();) {
        // As many neighbours as make 16 bytes, or else 8.
        size_t best = 0;
        int64_t bytes = 0, best_bytes = 0;
        for (size_t i = first; i < pieces.size() && pieces[i].from == pieces[first].from + bytes && bytes < kMostBytes; ++i) {
          bytes += pieces[i].bytes;
          const bool is_joined = i > first || pieces[i].load->getType()->isVectorTy();
          if (is_joined && (bytes == kMostBytes || bytes == kMostBytes / 2)) best = i + 1 - first, best_bytes = bytes;
        }
        const auto whole = ArrayRef(pieces).slice(first, std::max<size_t>(best, 1));
        if (best && may_move(whole, aliases)) {
          replace(whole, best_bytes, evolution);
          ++count;
        }
        first += whole.size();
      }
    }
  return count;
}

unsigned bytes_of_copy(StringRef name) {
  unsigned bytes = 0;
  return name.consume_front("aw.copy.") && !name.consumeInteger(10, bytes) ? bytes : 0;
}

}  // namespace anywarp::spmd
