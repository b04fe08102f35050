// A name expression is a constant expression, `&ns::table` or `kernel<float>`, whose lowered name is asked for after the compilation.
// Each becomes a declaration behind the source,
//
//   __attribute__((unused)) static const auto __anywarp_name_0 =
//   #line 1 "__nv_name_map"
//   kernel<float> ;
//
// which is the host's, so that nothing is made of it but the instantiation of the template. What its initialiser names is looked up
// in the syntax tree. A variable that no device code uses would be left out of the code, so the code generator is asked for it.
//
// NVRTC compiles for the device alone: a function or a variable without annotation is an error, or the device's when -default-device is
// given. For the latter clang has pragmas: one makes functions host device, one adds an attribute to variables.
#include "frontend/names.h"

#include <clang/AST/ASTContext.h>
#include <clang/AST/DeclCXX.h>
#include <clang/AST/DeclTemplate.h>
#include <clang/AST/GlobalDecl.h>
#include <clang/AST/RecursiveASTVisitor.h>
#include <clang/Basic/SourceManager.h>
#include <clang/CodeGen/ModuleBuilder.h>
#include <llvm/IR/GlobalValue.h>

#include <algorithm>

namespace anywarp::frontend {

namespace {

constexpr llvm::StringRef kPrefix = "__anywarp_name_";

/// The first function or variable that an expression names.
class Named final : public clang::RecursiveASTVisitor<Named> {
 public:
  const clang::ValueDecl* found = nullptr;
  bool VisitDeclRefExpr(clang::DeclRefExpr* reference) {
    if (!found && (llvm::isa<clang::FunctionDecl>(reference->getDecl()) || llvm::isa<clang::VarDecl>(reference->getDecl())))
      found = reference->getDecl();
    return true;
  }
};

bool on_device(const clang::Decl& declaration) {
  return declaration.hasAttr<clang::CUDADeviceAttr>() || declaration.hasAttr<clang::CUDAConstantAttr>() ||
         declaration.hasAttr<clang::CUDASharedAttr>() || declaration.hasAttr<clang::HIPManagedAttr>();
}

class NameReader final : public clang::ASTConsumer {
 public:
  NameReader(const Request& request, Messages& messages, Compilation& result, std::function<clang::CodeGenerator*()> generator)
      : request_(request),
        messages_(messages),
        lowered_(result.lowered_names),
        statics_(result.static_variables),
        cancelled_(result.cancelled),
        generator_(std::move(generator)) {
    named_.resize(request.name_expressions.size());
    lowered_.assign(request.name_expressions.size(), {});
  }

  void Initialize(clang::ASTContext& context) override { context_ = &context; }

  bool HandleTopLevelDecl(clang::DeclGroupRef group) override {
    for (clang::Decl* declaration : group) {
      if (declaration->isFromASTFile()) continue;  // the prelude's
      if (request_.cancelled && request_.cancelled()) cancelled_ = true;
      if (auto* variable = llvm::dyn_cast<clang::VarDecl>(declaration); variable && read_name(*variable)) continue;
      if (const auto* variable = llvm::dyn_cast<clang::VarDecl>(declaration)) note_static(*variable);
      if (!request_.default_device) refuse_hosts(*declaration);
      make_inline(*declaration);
    }
    return !cancelled_;
  }

  void HandleTranslationUnit(clang::ASTContext& context) override {
    clang::CodeGenerator* generator = generator_();
    if (context.getDiagnostics().hasErrorOccurred() || messages_.errors() || !generator) return;
    for (size_t i = 0; i < named_.size(); i++) {
      if (const auto* function = llvm::dyn_cast_or_null<clang::FunctionDecl>(named_[i])) {
        lowered_[i] = generator->GetMangledName(clang::GlobalDecl(function, clang::KernelReferenceKind::Kernel)).str();
      } else if (const auto* variable = llvm::dyn_cast_or_null<clang::VarDecl>(named_[i])) {
        llvm::Constant* address = generator->GetAddrOfGlobal(clang::GlobalDecl(variable), true);
        if (auto* value = llvm::dyn_cast_or_null<llvm::GlobalValue>(address ? address->stripPointerCasts() : nullptr)) {
          // The driver finds what is visible.
          if (value->hasLocalLinkage()) value->setLinkage(llvm::GlobalValue::ExternalLinkage);  // so it keeps this name, too
          lowered_[i] = value->getName().str();
        }
      }
    }
  }

 private:
  /// NVIDIA's headers for half-precision numbers leave their functions to a library inside NVRTC. Here they are told to define them, for
  /// each program; as inline functions, so that only those that are used become code, and that programs can be linked with each other.
  void make_inline(clang::Decl& declaration) {
    if (auto* linkage = llvm::dyn_cast<clang::LinkageSpecDecl>(&declaration)) {
      for (clang::Decl* inner : linkage->decls()) make_inline(*inner);
      return;
    }
    auto* function = llvm::dyn_cast<clang::FunctionDecl>(&declaration);
    if (!function || !function->isThisDeclarationADefinition() || function->isInlined()) return;
    const clang::PresumedLoc place = context_->getSourceManager().getPresumedLoc(function->getLocation());
    const llvm::StringRef file = place.isValid() ? place.getFilename() : "";
    if (file.ends_with("cuda_fp16.hpp") || file.ends_with("cuda_bf16.hpp")) function->setImplicitlyInline();
  }

  void note_static(const clang::VarDecl& variable) {
    const auto* constant = variable.getAttr<clang::CUDAConstantAttr>();
    const bool asked = variable.hasAttr<clang::CUDADeviceAttr>() || (constant && !constant->isImplicit());
    if (asked && variable.getStorageClass() == clang::SC_Static && variable.getDeclContext()->isTranslationUnit() &&
        variable.getIdentifier() && !context_->getBaseElementType(variable.getType()).isConstQualified())
      statics_.push_back(variable.getName().str());
  }

  bool read_name(clang::VarDecl& variable) {
    if (!variable.getIdentifier() || !variable.getName().starts_with(kPrefix)) return false;
    unsigned index = 0;
    if (variable.getName().drop_front(kPrefix.size()).getAsInteger(10, index) || index >= named_.size()) return false;
    auto refuse = [&](const std::string& why) {
      messages_.error(context_->getSourceManager(), variable.getInit() ? variable.getInit()->getBeginLoc() : variable.getLocation(),
                      why + " Input name expression was: \"" + request_.name_expressions[index] + "\"");
    };
    Named search;
    if (clang::Expr* initialiser = variable.getInit(); initialiser && !initialiser->containsErrors()) {
      search.TraverseStmt(initialiser);
      const auto* function = llvm::dyn_cast_or_null<clang::FunctionDecl>(search.found);
      if (function && !function->hasAttr<clang::CUDAGlobalAttr>())
        refuse("Name expression cannot form address of a non-__global__ function.");
      else if (!search.found || (!function && !on_device(*search.found)))
        refuse("Name expression must form address of a __global__ function or the address of a __device__/__constant__ variable.");
    } else {
      refuse("Error in parsing name expression for lowered name lookup.");
    }
    named_[index] = search.found;
    return true;
  }

  bool of_the_program(const clang::Decl& declaration) const {
    clang::SourceLocation place = declaration.getLocation();
    return place.isValid() && !declaration.isImplicit() && !declaration.isFromASTFile() &&
           !context_->getSourceManager().isInSystemHeader(place);
  }

  void refuse_hosts(const clang::Decl& declaration) {
    if (const auto* context = llvm::dyn_cast<clang::DeclContext>(&declaration);
        context && (llvm::isa<clang::NamespaceDecl>(declaration) || llvm::isa<clang::LinkageSpecDecl>(declaration) ||
                    llvm::isa<clang::CXXRecordDecl>(declaration))) {
      if (const auto* record = llvm::dyn_cast<clang::CXXRecordDecl>(&declaration); record && record->isLambda()) return;
      for (const clang::Decl* inner : context->decls()) refuse_hosts(*inner);
      return;
    }
    if (!of_the_program(declaration)) return;
    if (const auto* shape = llvm::dyn_cast<clang::TemplateDecl>(&declaration)) {
      if (shape->getTemplatedDecl()) refuse_hosts(*shape->getTemplatedDecl());
    } else if (const auto* function = llvm::dyn_cast<clang::FunctionDecl>(&declaration)) {
      refuse_host_function(*function);
    } else if (const auto* variable = llvm::dyn_cast<clang::VarDecl>(&declaration)) {
      refuse_host_variable(*variable);
    }
  }

  void refuse_host_function(const clang::FunctionDecl& function) {
    if (function.hasAttr<clang::CUDADeviceAttr>() || function.hasAttr<clang::CUDAGlobalAttr>() || function.isConstexpr() ||
        function.isDefaulted() || function.isDeleted() || function.isInvalidDecl() || llvm::isa<clang::CXXDeductionGuideDecl>(function))
      return;
    // A definition outside its class has the annotations of its declaration.
    if (const clang::FunctionDecl* first = function.getFirstDecl(); first != &function) return;
    const auto* annotated = function.getAttr<clang::CUDAHostAttr>();
    messages_.error(context_->getSourceManager(), function.getLocation(),
                    annotated && !annotated->isImplicit()
                        ? "A function explicitly marked as a __host__ function is not allowed in JIT mode"
                        : "A function without execution space annotations (__host__/__device__/__global__) is considered a host function, "
                          "and host functions are not allowed in JIT mode. Consider using -default-device flag to process unannotated "
                          "functions as __device__ functions in JIT mode");
  }

  void refuse_host_variable(const clang::VarDecl& variable) {
    if (on_device(variable) || !variable.isFileVarDecl() || variable.isStaticDataMember() || variable.isConstexpr() ||
        variable.getType().isConstQualified() || variable.getType()->isDependentType() || variable.isInvalidDecl() ||
        llvm::isa<clang::VarTemplateSpecializationDecl>(variable))
      return;
    // Arrays of constants are constants.
    if (context_->getBaseElementType(variable.getType()).isConstQualified()) return;
    messages_.error(context_->getSourceManager(), variable.getLocation(),
                    "A namespace scope variable without memory space annotations (__device__/__constant__/__shared__/__managed__) is "
                    "considered a host variable, and host variables are not allowed in JIT mode. Consider using -default-device flag to "
                    "process unannotated namespace scope variables as __device__ variables in JIT mode");
  }

  const Request& request_;
  Messages& messages_;
  std::vector<std::string>& lowered_;
  std::vector<std::string>& statics_;
  bool& cancelled_;
  std::function<clang::CodeGenerator*()> generator_;
  clang::ASTContext* context_ = nullptr;
  std::vector<const clang::ValueDecl*> named_;
};

}  // namespace

std::string text_with_names(const Source& source, const Request& request) {
  std::string text;
  if (request.default_device) {
    // In front of the source's first line, and without a line of its own.
    text =
        "_Pragma(\"clang force_cuda_host_device begin\") _Pragma(\"clang attribute push(__attribute__((device)), "
        "apply_to = variable(is_global))\")\n#line 1\n";
  }
  text += source.text;
  if (request.default_device) text += "\n#pragma clang attribute pop\n#pragma clang force_cuda_host_device end\n";
  for (size_t i = 0; i < request.name_expressions.size(); i++) {
    std::string expression = request.name_expressions[i];
    std::replace(expression.begin(), expression.end(), '\n', ' ');
    // Messages show the expression as the whole of its line.
    const std::string line = "\n#line " + std::to_string(i + 1) + " \"" + names_file + "\"\n";
    text += line + "__attribute__((unused)) static const auto " + kPrefix.str() + std::to_string(i) + " =" + line + expression + " ;";
  }
  if (!request.name_expressions.empty()) text += "\n";
  return text;
}

std::unique_ptr<clang::ASTConsumer> make_name_reader(const Request& request, Messages& messages, Compilation& result,
                                                     std::function<clang::CodeGenerator*()> generator) {
  return std::make_unique<NameReader>(request, messages, result, std::move(generator));
}

}  // namespace anywarp::frontend
