#include "frontend/files.h"

#include "toolchain/dialect.h"

#include <filesystem>
#include <map>
#include <optional>

namespace anywarp::frontend {

namespace {

namespace vfs = llvm::vfs;

constexpr std::string_view kSourceFolder = "/anywarp-source-in-memory/";

/// A file whose text was changed. Its size is that of the new text, which clang compares.
class ChangedFile final : public vfs::File {
 public:
  ChangedFile(vfs::Status status, const std::string& text) : status_(std::move(status)), text_(text) {}
  llvm::ErrorOr<vfs::Status> status() override { return status_; }
  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> getBuffer(const llvm::Twine& name, int64_t, bool, bool) override {
    return llvm::MemoryBuffer::getMemBufferCopy(text_, name);
  }
  std::error_code close() override { return {}; }

 private:
  vfs::Status status_;
  const std::string& text_;
};

/// The machine's files; headers of programs in clang's dialect. One belongs to one compilation, so it has no lock.
class DialectFiles final : public vfs::ProxyFileSystem {
 public:
  DialectFiles(llvm::IntrusiveRefCntPtr<vfs::FileSystem> machine, const std::string& toolkit)
      : ProxyFileSystem(std::move(machine)), toolkit_(toolkit + "/") {}

  llvm::ErrorOr<vfs::Status> status(const llvm::Twine& path) override {
    if (hidden(path.str())) return std::make_error_code(std::errc::no_such_file_or_directory);
    llvm::ErrorOr<vfs::Status> status = ProxyFileSystem::status(path);
    if (!status || !status->isRegularFile()) return status;
    const std::optional<std::string>& text = changed(path.str());
    return text ? vfs::Status::copyWithNewSize(*status, text->size()) : status;
  }

  llvm::ErrorOr<std::unique_ptr<vfs::File>> openFileForRead(const llvm::Twine& path) override {
    if (hidden(path.str())) return std::make_error_code(std::errc::no_such_file_or_directory);
    const std::optional<std::string>& text = changed(path.str());
    if (!text) return ProxyFileSystem::openFileForRead(path);
    llvm::ErrorOr<vfs::Status> status = ProxyFileSystem::status(path);
    if (!status) return status.getError();
    return std::make_unique<ChangedFile>(vfs::Status::copyWithNewSize(*status, text->size()), *text);
  }

 private:
  /// clang's wrapper of <new> defines what the prelude has defined.
  static bool hidden(const std::string& path) { return path.ends_with("/cuda_wrappers/new"); }

  bool system_path(const std::string& path) const {
    return path.starts_with("/usr/include/") || path.starts_with("/usr/lib/") || path.starts_with(toolkit_);
  }

  const std::optional<std::string>& changed(const std::string& path) {
    static const std::optional<std::string> as_it_is;
    if (system_path(path)) return as_it_is;
    auto at = texts_.find(path);
    if (at == texts_.end()) {
      std::optional<std::string> text;
      if (auto buffer = getUnderlyingFS().getBufferForFile(path))
        text = toolchain::in_clangs_dialect(std::string_view((*buffer)->getBufferStart(), (*buffer)->getBufferSize()));
      at = texts_.emplace(path, std::move(text)).first;
    }
    return at->second;
  }

  std::string toolkit_;
  std::map<std::string, std::optional<std::string>> texts_;
};

std::unique_ptr<llvm::MemoryBuffer> in_dialect(const std::string& text) {
  std::optional<std::string> changed = toolchain::in_clangs_dialect(text);
  return llvm::MemoryBuffer::getMemBufferCopy(changed ? *changed : text);
}

}  // namespace

std::string source_path(const Source& source, const Request& request) {
  std::string name = source.name;
  if (name.empty() || name.back() == '/' || name == "-" || name == "." || name == "..") name = "default_program";
  if (request.source_folder) return name;
  return std::string(kSourceFolder) + (name.front() == '/' ? name.substr(1) : name);
}

std::string_view shown_path(std::string_view path) {
  for (std::string_view folder : {header_folder, kSourceFolder})
    if (path.starts_with(folder)) path.remove_prefix(folder.size());
  return path;
}

llvm::IntrusiveRefCntPtr<vfs::FileSystem> files_of(const Source& source, const std::string& main_text, const Request& request,
                                                   const std::shared_ptr<const std::string>& prelude) {
  llvm::IntrusiveRefCntPtr<vfs::FileSystem> machine(new DialectFiles(vfs::getRealFileSystem(), request.toolkit));
  llvm::IntrusiveRefCntPtr<vfs::InMemoryFileSystem> memory(new vfs::InMemoryFileSystem);
  llvm::IntrusiveRefCntPtr<vfs::OverlayFileSystem> files(new vfs::OverlayFileSystem(machine));
  files->pushOverlay(memory);  // which gives it the working directory
  memory->addFile(source_path(source, request), 0, in_dialect(main_text));
  for (const Header& header : source.headers)
    if (!header.name.empty() && header.name.back() != '/')
      memory->addFile(std::string(header.name.front() == '/' ? "" : header_folder) + header.name, 0, in_dialect(header.text));
  if (prelude) memory->addFile(prelude_path, 0, llvm::MemoryBuffer::getMemBuffer(*prelude, "", false));
  return files;
}

}  // namespace anywarp::frontend
