// One compilation, from text to text:
//
//   driver's arguments  ->  the source's own added  ->  syntax tree, the prelude being there already  ->  names read, hosts refused
//     ->  LLVM module, device library linked  ->  precision set  ->  clang's own passes  ->  PTX or bitcode
//
// Nothing here is shared between compilations but the kept arguments and preludes, and LLVM's options of the process are left alone,
// so that compilations run side by side.
#include "frontend/compile.h"

#include "frontend/command_line.h"
#include "frontend/files.h"
#include "frontend/messages.h"
#include "frontend/names.h"
#include "frontend/precision.h"
#include "frontend/prelude.h"
#include "frontend/target.h"
#include "jit/guard.h"

#include <clang/CodeGen/BackendUtil.h>
#include <clang/CodeGen/CodeGenAction.h>
#include <clang/Frontend/CompilerInstance.h>
#include <clang/Frontend/CompilerInvocation.h>
#include <clang/Frontend/FrontendAction.h>
#include <clang/Frontend/MultiplexConsumer.h>
#include <clang/Lex/PreprocessorOptions.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/TimeProfiler.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Support/thread.h>

#include <chrono>

namespace anywarp::frontend {

namespace {

constexpr unsigned kStackBytes = 64 << 20;

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point begin) { return std::chrono::duration<double, std::milli>(Clock::now() - begin).count(); }

/// The host reaches a static variable of the device too, by the name that it has in the source, and writes to it: nvcc does not mangle
/// the names of variables outside of namespaces.
void show_static_variables(llvm::Module& module, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    llvm::GlobalVariable* variable = module.getNamedGlobal("_ZL" + std::to_string(name.size()) + name);
    if (!variable || !variable->hasLocalLinkage() || module.getNamedValue(name)) continue;
    variable->setLinkage(llvm::GlobalValue::ExternalLinkage);
    variable->setExternallyInitialized(true);
    variable->setConstant(false);
    variable->setName(name);
  }
}

/// What is done to the module when the device library is in it and nothing is optimised.
class Prepare : public llvm::PassInfoMixin<Prepare> {
 public:
  Prepare(const Request& request, const std::vector<std::string>& statics) : request_(request), statics_(statics) {}
  llvm::PreservedAnalyses run(llvm::Module& module, llvm::ModuleAnalysisManager&) {
    set_precision(module, request_.device);
    if (!request_.device.relocatable) show_static_variables(module, statics_);
    if (request_.max_registers > 0)
      for (llvm::Function& function : module)
        if (function.getCallingConv() == llvm::CallingConv::PTX_Kernel && !function.hasFnAttribute("nvvm.maxnreg"))
          function.addFnAttr("nvvm.maxnreg", std::to_string(request_.max_registers));
    return llvm::PreservedAnalyses::none();
  }
  static bool isRequired() { return true; }

 private:
  const Request& request_;
  const std::vector<std::string>& statics_;
};

unsigned backend_action(Output output) {
  switch (output) {
    case Output::Ptx: return clang::Backend_EmitAssembly;
    case Output::Bitcode: return clang::Backend_EmitBC;
    case Output::Nothing: return clang::Backend_EmitNothing;
  }
  return clang::Backend_EmitNothing;
}

class DeviceAction final : public clang::CodeGenAction {
 public:
  DeviceAction(const Request& request, llvm::LLVMContext& context, Messages& messages, Compilation& result)
      : CodeGenAction(backend_action(request.output), &context), request_(request), messages_(messages), result_(result) {}

 private:
  std::unique_ptr<clang::ASTConsumer> CreateASTConsumer(clang::CompilerInstance& compiler, llvm::StringRef file) override {
    std::vector<std::unique_ptr<clang::ASTConsumer>> consumers(2);
    consumers[0] = make_name_reader(request_, messages_, result_, [this] { return getCodeGenerator(); });
    consumers[1] = std::make_unique<Checkpoint>(*this, CodeGenAction::CreateASTConsumer(compiler, file));
    return std::make_unique<clang::MultiplexConsumer>(std::move(consumers));
  }

  /// The code generator, unless something before it has found an error that clang does not know of.
  class Checkpoint final : public clang::ASTConsumer {
   public:
    Checkpoint(DeviceAction& action, std::unique_ptr<clang::ASTConsumer> code) : action_(action), code_(std::move(code)) {}
    void Initialize(clang::ASTContext& context) override { code_->Initialize(context); }
    bool HandleTopLevelDecl(clang::DeclGroupRef group) override { return code_->HandleTopLevelDecl(group); }
    void HandleInlineFunctionDefinition(clang::FunctionDecl* function) override { code_->HandleInlineFunctionDefinition(function); }
    void HandleInterestingDecl(clang::DeclGroupRef group) override { code_->HandleInterestingDecl(group); }
    void HandleTagDeclDefinition(clang::TagDecl* tag) override { code_->HandleTagDeclDefinition(tag); }
    void HandleTagDeclRequiredDefinition(const clang::TagDecl* tag) override { code_->HandleTagDeclRequiredDefinition(tag); }
    void HandleCXXImplicitFunctionInstantiation(clang::FunctionDecl* function) override {
      code_->HandleCXXImplicitFunctionInstantiation(function);
    }
    void HandleTopLevelDeclInObjCContainer(clang::DeclGroupRef group) override { code_->HandleTopLevelDeclInObjCContainer(group); }
    void CompleteTentativeDefinition(clang::VarDecl* variable) override { code_->CompleteTentativeDefinition(variable); }
    void CompleteExternalDeclaration(clang::DeclaratorDecl* declaration) override { code_->CompleteExternalDeclaration(declaration); }
    void AssignInheritanceModel(clang::CXXRecordDecl* record) override { code_->AssignInheritanceModel(record); }
    void HandleCXXStaticMemberVarInstantiation(clang::VarDecl* variable) override {
      code_->HandleCXXStaticMemberVarInstantiation(variable);
    }
    void HandleVTable(clang::CXXRecordDecl* record) override { code_->HandleVTable(record); }
    clang::ASTMutationListener* GetASTMutationListener() override { return code_->GetASTMutationListener(); }
    clang::ASTDeserializationListener* GetASTDeserializationListener() override { return code_->GetASTDeserializationListener(); }
    void PrintStats() override { code_->PrintStats(); }
    bool shouldSkipFunctionBody(clang::Decl* declaration) override { return code_->shouldSkipFunctionBody(declaration); }

    void HandleTranslationUnit(clang::ASTContext& context) override {
      action_.result_.timings.push_back({"parsing", milliseconds_since(action_.begin_)});
      const Clock::time_point begin = Clock::now();
      if (action_.request_.cancelled && action_.request_.cancelled()) action_.result_.cancelled = true;
      if (action_.messages_.errors() || action_.result_.cancelled) return;
      code_->HandleTranslationUnit(context);
      action_.result_.timings.push_back({"code generation", milliseconds_since(begin)});
    }

   private:
    DeviceAction& action_;
    std::unique_ptr<clang::ASTConsumer> code_;
  };

  const Request& request_;
  Messages& messages_;
  Compilation& result_;
  const Clock::time_point begin_ = Clock::now();
};

/// clang's arguments and after them what the source's owner gave; folders of the owner are looked into before CUDA's.
std::vector<std::string> with_own_flags(std::vector<std::string> arguments, const Request& request) {
  std::vector<std::string> own{"-I" + std::string(header_folder)};
  own.insert(own.end(), request.preprocessor_flags.begin(), request.preprocessor_flags.end());
  own.push_back("-fmacro-prefix-map=" + std::string(header_folder) + "=");
  if (request.no_warnings) own.emplace_back("-w");
  arguments.insert(arguments.end(), own.begin(), own.end());
  return arguments;
}

/// `readable` becomes false when the prelude was not.
Result<> compile_with(const std::shared_ptr<const std::string>& prelude, std::vector<std::string> plain, const Source& source,
                      const Request& request, Compilation& result, bool& readable) {
  auto* context = new llvm::LLVMContext;  // leaked when LLVM is left in the middle of something
  bool lost = false;
  Messages messages(!request.no_warnings);
  std::vector<std::string> arguments = with_own_flags(std::move(plain), request);
  llvm::SmallString<0> code;
  Result<> done = jit::guarded(*context, lost, [&]() -> Result<> {
    std::vector<const char*> words;
    words.reserve(arguments.size());
    for (const std::string& word : arguments) words.push_back(word.c_str());
    // When LLVM gives up, in the middle of something, these are not destroyed either: clang's destructors rely on those that were skipped.
    auto* compiler = new clang::CompilerInstance(std::make_shared<clang::CompilerInvocation>());
    auto* action = new DeviceAction(request, *context, messages, result);
    compiler->setVirtualFileSystem(files_of(source, text_with_names(source, request), request, prelude));
    compiler->createDiagnostics(&messages, false);
    compiler->setVerboseOutputStream(llvm::nulls());
    if (!clang::CompilerInvocation::CreateFromArgs(compiler->getInvocation(), words, compiler->getDiagnostics())) {
      delete action;
      delete compiler;
      return {};
    }
    // -W options were not known yet when the diagnostics were made.
    clang::ProcessWarningOptions(compiler->getDiagnostics(), compiler->getDiagnosticOpts(), compiler->getVirtualFileSystem(), false);
    clang::FrontendOptions& front = compiler->getFrontendOpts();
    front.Inputs.assign(1, clang::FrontendInputFile(source_path(source, request), clang::InputKind(clang::Language::CUDA)));
    front.OutputFile.clear();
    front.DisableFree = false;
    clang::PreprocessorOptions& preprocessor = compiler->getPreprocessorOpts();
    if (prelude) {
      preprocessor.ImplicitPCHInclude = prelude_path;
      preprocessor.DisablePCHOrModuleValidation = clang::DisableValidationForModuleKind::PCH;
    } else {
      preprocessor.Includes.insert(preprocessor.Includes.begin(), prelude_header);
    }
    clang::CodeGenOptions& generation = compiler->getCodeGenOpts();
    generation.DisableFree = false;
    generation.PassBuilderCallbacks.emplace_back([&](llvm::PassBuilder& builder) {
      builder.registerPipelineStartEPCallback(
          [&](llvm::ModulePassManager& passes, llvm::OptimizationLevel) { passes.addPass(Prepare(request, result.static_variables)); });
    });
    compiler->setOutputStream(std::make_unique<llvm::raw_svector_ostream>(code));
    result.succeeded = compiler->ExecuteAction(*action) && !messages.errors() && !result.cancelled;
    delete action;
    delete compiler;
    return {};
  });
  if (!lost) delete context;
  readable = !messages.prelude_unreadable();
  result.log = messages.log(source.name);
  if (!done && !messages.errors()) return done.take_error();
  if (!done) result.succeeded = false;
  if (result.succeeded) result.code.assign(code.data(), code.size());
  return {};
}

Result<> compile_here(const Source& source, const Request& request, Compilation& result) {
  const Clock::time_point begin = Clock::now();
  AW_ASSIGN(std::vector<std::string> arguments, compiler_arguments(request, uses_textures(source, request)));
  std::shared_ptr<const std::string> prelude = prelude_for(arguments, request);
  const Timing timing{"prelude", milliseconds_since(begin)};
  result.timings = {timing};
  bool readable = true;
  Result<> done = compile_with(prelude, arguments, source, request, result, readable);
  if (readable || !prelude) return done;
  // Something has happened to it on the disk; the header itself is slower and always there.
  result = {};
  result.timings = {timing};
  return compile_with(nullptr, arguments, source, request, result, readable);
}

}  // namespace

Result<Compilation> compile(const Source& source, const Request& request) {
  initialise_target();
  Compilation result;
  Result<> done;
  llvm::thread worker(std::optional<unsigned>(kStackBytes), [&] {
    if (!request.time_trace.empty()) llvm::timeTraceProfilerInitialize(0, "nvrtc");
    done = compile_here(source, request, result);
    if (!request.time_trace.empty()) {
      if (llvm::Error error = llvm::timeTraceProfilerWrite(request.time_trace, "trace")) {
        llvm::consumeError(std::move(error));
        result.time_trace_failed = true;
      }
      llvm::timeTraceProfilerCleanup();
    }
  });
  worker.join();
  if (!done) return done.take_error();
  return result;
}

}  // namespace anywarp::frontend
