// Kernel IR speaks of a GPU: shared variables are globals of address space 3, allocas lie in address space 5, and the
// triple is NVIDIA's, because LLVM's analyses are sharper with it. On the host there is one address space, and the shared
// memory of a block is a buffer that the executor brings:
//
//   before   @tile = internal addrspace(3) global [1024 x i8] undef, align 16
//            %p = getelementptr i8, ptr addrspace(3) @tile, i64 %i
//            %g = addrspacecast ptr addrspace(3) %p to ptr
//   layout   %b = call ptr addrspace(3) @aw.shared_base()
//            %t = getelementptr i8, ptr addrspace(3) %b, i64 0
//   drop     %b = call ptr @aw.shared_base()
//            %t = getelementptr i8, ptr %b, i64 0                 and %g is %t + %i
//
// Shared addresses are plain host addresses (exec/abi.h), so a cast between the spaces is the identity.
#include "spmd/retarget.h"

#include "spmd/intrinsics.h"

#include <llvm/ADT/STLExtras.h>
#include <llvm/ADT/SetVector.h>
#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/ReplaceConstant.h>
#include <llvm/Support/Alignment.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/TargetParser/Triple.h>
#include <llvm/Transforms/Utils/ValueMapper.h>

namespace anywarp::spmd {
namespace {

using namespace llvm;

constexpr unsigned kShared = 3;
constexpr uint64_t kMostShared = uint64_t{1} << 31;

bool is_dynamic(const GlobalVariable& variable) { return variable.getDataLayout().getTypeAllocSize(variable.getValueType()) == 0; }

Align align_of(const GlobalVariable& variable) {
  return variable.getAlign().value_or(variable.getDataLayout().getABITypeAlign(variable.getValueType()));
}

Function& shared_base(Module& module) {
  auto* type = FunctionType::get(PointerType::get(module.getContext(), kShared), false);
  auto* function = cast<Function>(module.getOrInsertFunction(kSharedBase, type).getCallee());
  function->setDoesNotAccessMemory();
  function->setDoesNotThrow();
  function->setWillReturn();
  return *function;
}

/// Every use of `variables` becomes an offset from one call of aw.shared_base() at the head of the function.
void use_offsets(Module& module, ArrayRef<std::pair<GlobalVariable*, uint64_t>> variables) {
  SmallVector<Constant*> constants;
  for (auto& [variable, offset] : variables) constants.push_back(variable);
  convertUsersOfConstantsToInstructions(constants);

  DenseMap<Function*, Value*> bases;
  for (auto& [variable, offset] : variables) {
    DenseMap<Function*, Value*> addresses;
    for (Use& use : make_early_inc_range(variable->uses())) {
      auto* user = dyn_cast<Instruction>(use.getUser());
      if (!user) continue;
      Function* function = user->getFunction();
      Value*& base = bases[function];
      if (!base) base = IRBuilder<>(&*function->getEntryBlock().begin()).CreateCall(&shared_base(module), {}, "shared");
      Value*& address = addresses[function];
      if (!address) {
        IRBuilder<> builder(cast<Instruction>(base)->getNextNode());
        address = builder.CreateInBoundsGEP(builder.getInt8Ty(), base, builder.getInt64(offset), variable->getName());
      }
      use.set(address);
    }
  }
}

/// Pointers of every address space become pointers of address space 0, however deep they sit in a type.
class FlatTypes : public ValueMapTypeRemapper {
 public:
  Type* remapType(Type* type) override {
    switch (type->getTypeID()) {
      case Type::PointerTyID: return PointerType::get(type->getContext(), 0);
      case Type::ArrayTyID: return ArrayType::get(remapType(type->getArrayElementType()), type->getArrayNumElements());
      case Type::FixedVectorTyID: {
        auto* vector = cast<FixedVectorType>(type);
        return FixedVectorType::get(remapType(vector->getElementType()), vector->getNumElements());
      }
      case Type::StructTyID: {
        auto* structure = cast<StructType>(type);
        SmallVector<Type*> elements;
        for (Type* element : structure->elements()) elements.push_back(remapType(element));
        if (equal(elements, structure->elements())) return type;
        return StructType::get(type->getContext(), elements, structure->isPacked());
      }
      case Type::FunctionTyID: {
        auto* function = cast<FunctionType>(type);
        SmallVector<Type*> parameters;
        for (Type* parameter : function->params()) parameters.push_back(remapType(parameter));
        return FunctionType::get(remapType(function->getReturnType()), parameters, function->isVarArg());
      }
      default: return type;
    }
  }
};

/// Casts between address spaces that are constants become instructions, which flatten() can remove.
void expand_casts(Module& module) {
  SmallSetVector<Constant*, 8> casts;
  SmallVector<Constant*> work;
  SmallPtrSet<Constant*, 32> seen;
  for (Function& function : module)
    for (Instruction& instruction : instructions(function))
      for (Value* operand : instruction.operands())
        if (auto* constant = dyn_cast<Constant>(operand)) work.push_back(constant);
  while (!work.empty()) {
    Constant* constant = work.pop_back_val();
    if (isa<GlobalValue>(constant) || !seen.insert(constant).second) continue;
    if (auto* expression = dyn_cast<ConstantExpr>(constant); expression && expression->getOpcode() == Instruction::AddrSpaceCast)
      casts.insert(constant);
    for (Value* operand : constant->operands())
      if (auto* inner = dyn_cast<Constant>(operand)) work.push_back(inner);
  }
  convertUsersOfConstantsToInstructions(casts.getArrayRef(), nullptr, /*RemoveDeadConstants=*/true, /*IncludeSelf=*/true);
}

bool is_of_a_gpu(CallingConv::ID convention) { return convention != CallingConv::Fast && convention != CallingConv::X86_RegCall; }

/// The same function with flat types; the body moves over.
Function* flat_twin(Function& old, FlatTypes& types, ValueToValueMapTy& map) {
  auto* type = cast<FunctionType>(types.remapType(old.getFunctionType()));
  auto* twin = Function::Create(type, old.getLinkage(), 0, "", old.getParent());
  const std::string name = old.getName().str();
  old.setName("");
  twin->setName(name);  // unlike takeName, this finds out whether the function is an intrinsic
  twin->copyAttributesFrom(&old);
  twin->setComdat(nullptr);
  if (is_of_a_gpu(old.getCallingConv())) twin->setCallingConv(CallingConv::C);
  for (auto [from, to] : zip(old.args(), twin->args())) {
    to.takeName(&from);
    map[&from] = &to;
  }
  twin->splice(twin->begin(), &old);
  map[&old] = twin;
  return twin;
}

void flatten(Function& function, ValueMapper& mapper) {
  for (Instruction& instruction : instructions(function)) {
    mapper.remapInstruction(instruction);
    mapper.remapDbgRecordRange(function.getParent(), instruction.getDbgRecordRange());
    if (auto* load = dyn_cast<LoadInst>(&instruction); load && load->isAtomic()) load->setSyncScopeID(SyncScope::System);
    if (auto* store = dyn_cast<StoreInst>(&instruction); store && store->isAtomic()) store->setSyncScopeID(SyncScope::System);
    if (auto* update = dyn_cast<AtomicRMWInst>(&instruction)) update->setSyncScopeID(SyncScope::System);
    if (auto* exchange = dyn_cast<AtomicCmpXchgInst>(&instruction)) exchange->setSyncScopeID(SyncScope::System);
    if (auto* fence = dyn_cast<FenceInst>(&instruction)) fence->setSyncScopeID(SyncScope::System);
    if (auto* call = dyn_cast<CallBase>(&instruction); call && is_of_a_gpu(call->getCallingConv())) call->setCallingConv(CallingConv::C);
  }
  for (Instruction& instruction : make_early_inc_range(instructions(function)))
    if (auto* cast = dyn_cast<AddrSpaceCastInst>(&instruction)) {
      cast->replaceAllUsesWith(cast->getOperand(0));
      cast->eraseFromParent();
    }
}

/// The GPU's processor is no host processor; jit sets the host's.
void drop_target_attributes(Function& function) {
  for (StringRef name : {"target-cpu", "target-features", "tune-cpu"}) function.removeFnAttr(name);
}

}  // namespace

Result<SharedLayout> layout_shared(kir::KernelModule& kernel) {
  Module& module = *kernel.module;
  SmallVector<GlobalVariable*> fixed, dynamic;
  for (GlobalVariable& variable : module.globals())
    if (variable.getAddressSpace() == kShared) (is_dynamic(variable) ? dynamic : fixed).push_back(&variable);
  llvm::sort(fixed,
             [](auto* a, auto* b) { return align_of(*a) != align_of(*b) ? align_of(*a) > align_of(*b) : a->getName() < b->getName(); });

  SharedLayout layout;
  SmallVector<std::pair<GlobalVariable*, uint64_t>> offsets;
  Align most(16);
  uint64_t end = 0;
  for (GlobalVariable* variable : fixed) {
    most = std::max(most, align_of(*variable));
    end = alignTo(end, align_of(*variable));
    offsets.push_back({variable, end});
    end += module.getDataLayout().getTypeAllocSize(variable->getValueType());
    if (end >= kMostShared)
      return Error{CUDA_ERROR_INVALID_VALUE,
                   "The shared variables need " + std::to_string(end) + " bytes or more; the limit is " + std::to_string(kMostShared) + ".",
                   kernel.kernel->getName().str()};
  }
  Align start(16);
  for (GlobalVariable* variable : dynamic) start = std::max(start, align_of(*variable));
  if (!dynamic.empty()) end = alignTo(end, start);
  for (GlobalVariable* variable : dynamic) offsets.push_back({variable, end});
  layout.static_bytes = static_cast<uint32_t>(end);
  layout.align = static_cast<uint32_t>(std::max(most, start).value());

  use_offsets(module, offsets);
  for (auto& [variable, offset] : offsets) {
    variable->replaceAllUsesWith(PoisonValue::get(variable->getType()));  // what is left are uses by dead constants
    variable->eraseFromParent();
  }
  return layout;
}

void drop_address_spaces(kir::KernelModule& kernel) {
  Module& module = *kernel.module;
  expand_casts(module);
  const Triple host(sys::getProcessTriple());
  module.setTargetTriple(host);
  module.setDataLayout(host.computeDataLayout());

  FlatTypes types;
  ValueToValueMapTy map;
  SmallVector<GlobalValue*> replaced;
  for (GlobalVariable& old : make_early_inc_range(module.globals())) {
    if (old.getAddressSpace() == 0) continue;
    auto* flat = new GlobalVariable(module, types.remapType(old.getValueType()), old.isConstant(), old.getLinkage(), nullptr, "", nullptr,
                                    old.getThreadLocalMode(), 0);
    flat->takeName(&old);
    flat->setAlignment(old.getAlign());
    map[&old] = flat;
    replaced.push_back(&old);
  }
  SmallVector<Function*> functions;
  for (Function& function : module) functions.push_back(&function);
  SmallVector<Function*> defined;
  for (Function* old : functions) {
    Function* function = old;
    if (types.remapType(old->getFunctionType()) != old->getFunctionType()) {
      function = flat_twin(*old, types, map);
      replaced.push_back(old);
      if (old == kernel.kernel) kernel.kernel = function;
      if (auto renamed = Intrinsic::remangleIntrinsicFunction(function)) {
        map[old] = *renamed;
        function->eraseFromParent();
        continue;
      }
    } else if (is_of_a_gpu(function->getCallingConv())) {
      function->setCallingConv(CallingConv::C);
    }
    drop_target_attributes(*function);
    if (!function->isDeclaration()) defined.push_back(function);
  }
  // The flag about module-level changes spares the metadata; globals are mapped all the same.
  ValueMapper mapper(map, RF_NoModuleLevelChanges | RF_IgnoreMissingLocals, &types);
  for (Function* function : defined) flatten(*function, mapper);
  for (GlobalVariable& variable : module.globals())
    if (variable.hasInitializer()) variable.setInitializer(mapper.mapConstant(*variable.getInitializer()));
  for (GlobalValue* old : replaced) {
    old->replaceAllUsesWith(PoisonValue::get(old->getType()));
    old->eraseFromParent();
  }
}

}  // namespace anywarp::spmd
