// PTX ISA, "mbarrier" and cp.async.mbarrier.arrive: barriers that are objects of 64 bits in shared memory, opaque to programs.
//
//     bits 0..19   arrivals that the current phase still waits for
//     bits 20..39  arrivals that the next phase begins with
//     bit  40      parity of the current phase
//     bits 41..63  bytes of asynchronous transactions that the current phase waits for, modulo 2^23
//
// An arrival is one atomic subtraction. The thread whose operation leaves nothing to wait for sees that in the value it
// got, and starts the next phase with a second addition. Nobody can tell the moment between the two from the one before:
// whoever waits, waits for the parity, and arrivals for the next phase come after it.
#include "lower/chapters.h"
#include "lower/lowering.h"

namespace anywarp::lower {
namespace {

using llvm::Value;

constexpr uint64_t kCount = (uint64_t{1} << 20) - 1;
constexpr unsigned kNext = 20, kParity = 40, kTransactions = 41;

class MBarrier {
 public:
  MBarrier(Lowering& lower, Value* pointer)
      : lower_(lower), b_(lower.b), pointer_(pointer), scope_(lower.context.getOrInsertSyncScopeID("block")) {}

  Value* word(Value* count) { return b_.CreateAnd(b_.CreateZExt(count, b_.getInt64Ty()), b_.getInt64(kCount)); }

  void init(Value* count) {
    llvm::StoreInst* store = b_.CreateAlignedStore(b_.CreateOr(word(count), b_.CreateShl(word(count), kNext)), pointer_, llvm::Align(8));
    store->setAtomic(llvm::AtomicOrdering::Release, scope_);
  }

  /// Adds to the word and completes the phase if nothing is left to wait for. Gives the word before.
  Value* change(Value* difference) {
    Value* before = add(difference);
    Value* after = b_.CreateAdd(before, difference);
    constexpr uint64_t kWaitsFor = kCount | ~uint64_t{0} << kTransactions;
    Value* complete = b_.CreateICmpEQ(b_.CreateAnd(after, b_.getInt64(kWaitsFor)), b_.getInt64(0));
    lower_.guarded(complete, [&] {
      Value* next = b_.CreateAnd(b_.CreateLShr(after, kNext), b_.getInt64(kCount));
      Value* bit = b_.getInt64(uint64_t{1} << kParity);
      Value* odd = b_.CreateICmpNE(b_.CreateAnd(after, bit), b_.getInt64(0));
      add(b_.CreateAdd(next, b_.CreateSelect(odd, b_.CreateNeg(bit), bit)));
    });
    return before;
  }

  Value* arrive(Value* count, bool drop) {
    Value* arrivals = word(count);
    return change(b_.CreateNeg(drop ? b_.CreateAdd(arrivals, b_.CreateShl(arrivals, kNext)) : arrivals));
  }

  Value* transactions(Value* bytes) { return b_.CreateShl(b_.CreateZExt(bytes, b_.getInt64Ty()), kTransactions); }

  Value* add(Value* difference) {
    return b_.CreateAtomicRMW(llvm::AtomicRMWInst::Add, pointer_, difference, llvm::Align(8), llvm::AtomicOrdering::AcquireRelease, scope_);
  }

  /// Whether the phase of the given parity (0 or 1) is over.
  Value* is_over(Value* parity) {
    llvm::LoadInst* load = b_.CreateAlignedLoad(b_.getInt64Ty(), pointer_, llvm::Align(8));
    load->setAtomic(llvm::AtomicOrdering::Acquire, scope_);
    return b_.CreateICmpNE(parity_of(load), parity);
  }

  Value* parity_of(Value* word) { return b_.CreateAnd(b_.CreateLShr(word, kParity), b_.getInt64(1)); }

 private:
  Lowering& lower_;
  llvm::IRBuilder<>& b_;
  Value* pointer_;
  llvm::SyncScope::ID scope_;
};

}  // namespace

void lower_mbarrier(Lowering& lower, const Inst& inst) {
  auto& b = lower.b;
  if (inst.has("pending_count")) {
    lower.write(inst, 0, b.CreateTrunc(b.CreateAnd(lower.read(inst, 1, kB64), b.getInt64(kCount)), b.getInt32Ty()), kU32);
    return;
  }
  if (inst.has("inval")) return;
  // The operand that is the address: the first, or the second behind a result.
  const bool has_result = !inst.one_of({"arrive", "arrive_drop", "test_wait", "try_wait"}).empty();
  const unsigned at = has_result ? 1 : 0;
  MBarrier barrier(lower, lower.address(inst, at, Lowering::space_of(inst)));
  auto operand = [&](unsigned i, uint32_t otherwise) -> Value* {
    return i < inst.operand_count() ? lower.read(inst, i, kU32) : b.getInt32(otherwise);
  };
  if (inst.has("init")) {
    barrier.init(operand(at + 1, 0));
  } else if (inst.has("test_wait") || inst.has("try_wait")) {
    // try_wait may give up at once; programs loop around it.
    Value* parity = inst.has("parity") ? b.CreateAnd(b.CreateZExt(operand(at + 1, 0), b.getInt64Ty()), b.getInt64(1))
                                       : barrier.parity_of(lower.read(inst, at + 1, kB64));
    lower.write(inst, 0, barrier.is_over(parity), kPredicate);
  } else if (has_result) {
    if (inst.has("expect_tx")) {
      barrier.add(barrier.transactions(operand(at + 1, 0)));
      lower.write(inst, 0, barrier.arrive(b.getInt32(1), inst.has("arrive_drop")), kB64);
    } else {
      lower.write(inst, 0, barrier.arrive(operand(at + 1, 1), inst.has("arrive_drop")), kB64);
    }
  } else if (inst.has("expect_tx")) {
    barrier.add(barrier.transactions(operand(at + 1, 0)));
  } else if (inst.has("complete_tx")) {
    barrier.change(b.CreateNeg(barrier.transactions(operand(at + 1, 0))));
  } else {
    lower.unsupported(inst);
  }
}

// cp.async.mbarrier.arrive: copies are done at once. Without .noinc the arrival that they trigger has been added to those that the
// phase waits for just before, so that nothing remains to be done.
void lower_copy_arrive(Lowering& lower, const Inst& inst) {
  if (!inst.has("noinc")) return;
  MBarrier(lower, lower.address(inst, 0, Lowering::space_of(inst))).arrive(lower.b.getInt32(1), false);
}

}  // namespace anywarp::lower
