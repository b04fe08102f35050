// THE pipeline. PTX in, callable code out; each step has a type, and each may be looked at with ANYWARP_DUMP.
//
// Compiled code is an object file and a few facts about it (Facts below), and that is what the cache on disk keeps: code
// from the cache is only linked, no code generator is set up for it.
#include "compile/compile.h"

#include "base/log.h"
#include "compile/key.h"
#include "compile/link_devicelib.h"
#include "compile/math.h"
#include "compile/scalar_engine.h"
#include "compile/stage.h"
#include "exec/runtime_symbols.h"
#include "jit/cache.h"
#include "jit/guard.h"
#include "jit/jit.h"
#include "lower/lower.h"
#include "opt/opt.h"
#include "ptx/module.h"
#include "spmd/specialise.h"
#include "spmd/spmd.h"

#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>

#include <mutex>
#include <sstream>

namespace anywarp::compile {
namespace {

/// What is known of an object file beside its bytes.
struct Facts {
  Engine engine = Engine::Vector;
  bool suspends = false, walks = false;
  uint32_t width = 1, most_blocks = 0;
  uint32_t static_shared = 0;
  uint64_t frame_bytes = 0;
  uint32_t frame_align = 64;
  std::string entry, frame_size;
  std::string fallback_reason;

  std::string text() const {
    std::ostringstream out;
    out << int(engine) << ' ' << suspends << ' ' << walks << ' ' << width << ' ' << most_blocks << ' ' << static_shared << ' '
        << frame_bytes << ' ' << frame_align << '\n'
        << entry << '\n'
        << frame_size << '\n'
        << fallback_reason << '\n';
    return out.str();
  }
  static std::optional<Facts> parse(const std::string& text) {
    std::istringstream in(text);
    Facts facts;
    int engine = 0;
    in >> engine >> facts.suspends >> facts.walks >> facts.width >> facts.most_blocks >> facts.static_shared >> facts.frame_bytes >>
        facts.frame_align;
    in.ignore(1);
    if (!std::getline(in, facts.entry) || !std::getline(in, facts.frame_size) || !std::getline(in, facts.fallback_reason))
      return std::nullopt;
    facts.engine = Engine(engine);
    return facts;
  }
};

struct Object {
  Facts facts;
  std::string bytes;
};

/// What is to be compiled, and for what.
struct Job {
  const ptx::Module& module;
  std::string_view kernel;
  const spmd::LaunchShape& shape;
  const jit::Processor& processor;
  jit::Form form = jit::Form::Object;
};

struct LinkedCode final : Code {
  std::unique_ptr<jit::Image> image;
};

// A thread of the scalar engine that calls functions needs a stack as deep as their recursion, which nobody knows; the
// pages of a fiber's stack cost nothing until they are touched.
constexpr uint64_t kStackOfCalls = 256 * 1024;

Result<const jit::Processor*> processor_of(const Options& options) {
  if (options.processor) return options.processor;
  return jit::chosen_processor();
}

void provide_runtime() {
  static std::once_flag once;
  std::call_once(once, [] {
    jit::Symbols symbols;
    for (const exec::RuntimeSymbol& symbol : exec::runtime_symbols()) symbols.emplace_back(symbol.name, symbol.address);
    jit::provide(symbols);
    jit::provide(math_symbols());
  });
}

/// PTX -> kernel IR for this launch shape, optimised; what both engines start from.
Result<kir::KernelModule> front(StageTrace& trace, const Job& job) {
  StageScope lowering(trace, "lower");
  AW_ASSIGN(kir::KernelModule result, lower::run(job.module, job.kernel));
  AW_TRY(lowering.done(result));
  {
    StageScope stage(trace, "specialise");
    spmd::specialise(result, job.shape);
    AW_TRY(stage.done(result));
  }
  {
    StageScope stage(trace, "devicelib");
    AW_TRY(link_devicelib(result, job.processor));
    AW_TRY(stage.done(result));
  }
  {
    StageScope stage(trace, "opt-scalar");
    AW_TRY(opt::scalar(result));
    AW_TRY(stage.done(result));
  }
  return result;
}

Result<Facts> vectorise(StageTrace& trace, kir::KernelModule& kernel, const Job& job, uint32_t width) {
  StageScope stage(trace, "spmd");
  spmd::Target target;
  target.is_x86 = job.processor.is_x86;
  target.vector_bits = job.processor.vector_bits;
  target.mask_registers = job.processor.mask_registers;
  target.permute_bits = job.processor.permute_bits;
  target.multiplies_bytes = job.processor.multiplies_bytes;
  target.multiplies_brain = job.processor.multiplies_brain;
  target.width = width;
  std::string why;
  AW_ASSIGN(spmd::BlockFunction made, spmd::run(kernel, job.shape, target, trace.dumps() ? &why : nullptr));
  if (trace.dumps()) trace.dump("why", ".txt", why);
  Facts facts;
  facts.engine = Engine::Vector;
  facts.suspends = made.suspends;
  facts.walks = made.walks;
  facts.width = made.width;
  facts.most_blocks = made.most_blocks;
  facts.static_shared = made.static_shared;
  facts.entry = made.entry;
  facts.frame_size = made.frame_size;
  facts.frame_align = made.frame_align;
  std::string how = std::to_string(made.width) + " lanes";
  if (made.regions > 1) how += ", " + std::to_string(made.regions) + " regions";
  if (made.suspends) how += made.walks ? ", walks with its neighbours" : ", suspends at barriers";
  trace.note(how);
  AW_TRY(stage.done_host(kernel));
  return facts;
}

Result<Facts> scalarise(StageTrace& trace, kir::KernelModule& kernel, const Job& job) {
  StageScope stage(trace, "scalar");
  AW_ASSIGN(ThreadFunction made, run_scalar(kernel, job.processor));
  Facts facts;
  facts.engine = Engine::Scalar;
  facts.suspends = made.suspends;
  facts.static_shared = made.static_shared;
  facts.entry = made.entry;
  // exec takes this as the size of a thread's stack.
  facts.frame_bytes = made.stack_bytes + 64 * 1024 + (made.calls ? kStackOfCalls : 0);
  // Local memory that does not fit on a worker's own stack.
  facts.suspends |= facts.frame_bytes > 512 * 1024 || made.calls;
  trace.note("scalar engine");
  AW_TRY(stage.done_host(kernel));
  return facts;
}

/// Host code of an engine -> object file, or its text.
Result<std::string> back(StageTrace& trace, kir::KernelModule& kernel, const Job& job) {
  AW_ASSIGN(std::unique_ptr<llvm::TargetMachine> machine, jit::target(*kernel.module, job.processor));
  {
    StageScope stage(trace, "opt-vector");
    AW_TRY(opt::vector(*kernel.module, *machine));
    AW_TRY(stage.done_host(kernel));
  }
  StageScope stage(trace, "emit");
  AW_ASSIGN(std::string object, jit::emit(*kernel.module, *machine, job.form));
  trace.dump("emit", job.form == jit::Form::Object ? ".o" : ".s", object);
  return object;
}

/// PTX -> object file, by one engine.
Result<Object> build_with(StageTrace& trace, Engine engine, const Job& job, uint32_t width) {
  AW_ASSIGN(kir::KernelModule code, front(trace, job));
  Object object;
  bool lost = false;
  Result<> made = jit::guarded(*code.context, lost, [&]() -> Result<> {
    AW_ASSIGN(object.facts, engine == Engine::Vector ? vectorise(trace, code, job, width) : scalarise(trace, code, job));
    AW_ASSIGN(object.bytes, back(trace, code, job));
    return {};
  });
  if (lost) {  // LLVM stopped half-way: what it was working on must not be touched again
    (void)code.module.release();
    (void)code.context.release();
  }
  if (!made) return made.take_error();
  return object;
}

constexpr uint32_t kOtherWidth = 8;  // lanes; the cost model chooses it for few kernels

Result<Object> build(StageTrace& trace, const Job& job, const Options& options) {
  if (options.engine == Engine::Scalar) return build_with(trace, Engine::Scalar, job, 0);
  Result<Object> object = build_with(trace, Engine::Vector, job, options.width);
  // LLVM's instruction selection gives up now and then, on code that nothing is wrong with. Other lanes make other code.
  const auto llvm_failed = [&] { return !object && object.error().code == CUDA_ERROR_UNKNOWN; };
  if (llvm_failed() && options.width == 0) object = build_with(trace, Engine::Vector, job, kOtherWidth);
  if (object || (object.error().code != CUDA_ERROR_NOT_SUPPORTED && !llvm_failed())) return object;
  // What lowering does not support, no engine does: then the second attempt ends with the same error.
  const std::string reason = object.error().text();
  object = build_with(trace, Engine::Scalar, job, 0);
  if (!object) return object;
  log_info("The kernel '%s' runs on the scalar engine: %s", std::string(job.kernel).c_str(), reason.c_str());
  object->facts.fallback_reason = reason.substr(0, reason.find('\n'));
  return object;
}

Result<std::shared_ptr<const Code>> link(StageTrace& trace, Object object, const Symbols& symbols) {
  StageScope stage(trace, "link");
  const Facts& facts = object.facts;
  std::vector<std::string> wanted{facts.entry};
  if (!facts.frame_size.empty()) wanted.push_back(facts.frame_size);
  AW_ASSIGN(auto image, jit::link(std::move(object.bytes), jit::Symbols(symbols.begin(), symbols.end()), wanted));
  auto code = std::make_shared<LinkedCode>();
  code->engine = facts.engine;
  code->fallback_reason = facts.fallback_reason;
  code->suspends = facts.suspends;
  code->walks = facts.walks;
  code->width = facts.width;
  code->most_blocks = facts.most_blocks;
  code->static_shared = facts.static_shared;
  code->frame_bytes = facts.frame_bytes;
  code->frame_align = facts.frame_align;
  code->entry = image->find(facts.entry);
  if (!facts.frame_size.empty()) code->frame_bytes = reinterpret_cast<uint64_t (*)()>(image->find(facts.frame_size))();
  code->image = std::move(image);
  return std::shared_ptr<const Code>(std::move(code));
}

}  // namespace

Result<std::shared_ptr<const Code>> compile(const ptx::Module& module, std::string_view kernel, const spmd::LaunchShape& shape,
                                            const Symbols& symbols, const Options& options) {
  AW_ASSIGN(const jit::Processor* processor, processor_of(options));
  AW_TRY(jit::check_executable(*processor));
  StageTrace trace(kernel);
  provide_runtime();
  jit::DiskCache* cache = options.use_cache && !trace.dumps() ? jit::disk_cache() : nullptr;
  const std::string key = cache ? cache_key(module, kernel, shape, options, *processor) : "";
  if (cache) {
    if (std::optional<jit::DiskCache::Entry> entry = cache->load(key)) {
      if (std::optional<Facts> facts = Facts::parse(entry->metadata)) {
        Result<std::shared_ptr<const Code>> code = link(trace, {*facts, std::move(entry->object)}, symbols);
        if (code) return code;
        log_info("The cached code of '%s' cannot be used and is made again: %s", std::string(kernel).c_str(), code.error().text().c_str());
      }
    }
  }
  AW_ASSIGN(Object object, build(trace, {module, kernel, shape, *processor}, options));
  if (cache) cache->store(key, object.facts.text(), object.bytes);
  return link(trace, std::move(object), symbols);
}

Result<std::string> assembly(const ptx::Module& module, std::string_view kernel, const spmd::LaunchShape& shape, const Options& options) {
  AW_ASSIGN(const jit::Processor* processor, processor_of(options));
  StageTrace trace(kernel);
  AW_ASSIGN(Object object, build(trace, {module, kernel, shape, *processor, jit::Form::Assembly}, options));
  return std::move(object.bytes);
}

}  // namespace anywarp::compile
