#include "toolchain/process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace anywarp::toolchain {

namespace {

std::atomic<int> signal_seen{0};
std::atomic<pid_t> running_child{0};

void on_signal(int signal) {
  signal_seen = signal;
  if (pid_t child = running_child) kill(child, signal);
}

}  // namespace

void catch_interrupts() {
  struct sigaction action = {};
  action.sa_handler = on_signal;
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction old;
    // What the caller ignores (nohup) stays ignored.
    if (sigaction(signal, nullptr, &old) == 0 && old.sa_handler != SIG_IGN) sigaction(signal, &action, nullptr);
  }
}

void release_interrupts() {
  for (int signal : {SIGINT, SIGTERM, SIGHUP})
    if (struct sigaction now; sigaction(signal, nullptr, &now) == 0 && now.sa_handler == on_signal) ::signal(signal, SIG_DFL);
}

int interrupted_by() { return signal_seen; }

void die_if_interrupted() {
  int signal = signal_seen;
  if (!signal) return;
  ::signal(signal, SIG_DFL);
  raise(signal);
}

Result<int> run_program(const std::vector<std::string>& argv, const std::string& shown_name) {
  if (interrupted_by()) return 128 + interrupted_by();
  std::vector<char*> arguments;
  arguments.reserve(argv.size() + 1);
  for (const std::string& a : argv) arguments.push_back(const_cast<char*>(a.c_str()));
  arguments.push_back(nullptr);
  if (!shown_name.empty()) arguments[0] = const_cast<char*>(shown_name.c_str());

  // The child reports through this pipe why it could not start; a successful exec closes it.
  int pipe_ends[2];
  if (pipe2(pipe_ends, O_CLOEXEC) != 0) return Error{CUDA_ERROR_OPERATING_SYSTEM, std::string("no pipe: ") + strerror(errno), {}};
  pid_t child = fork();
  if (child < 0) {
    int reason = errno;
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    return Error{CUDA_ERROR_OPERATING_SYSTEM, std::string("no new process: ") + strerror(reason), {}};
  }
  if (child == 0) {
    release_interrupts();
    execv(argv[0].c_str(), arguments.data());
    int reason = errno;
    [[maybe_unused]] ssize_t written = write(pipe_ends[1], &reason, sizeof reason);
    _exit(127);
  }
  running_child = child;
  close(pipe_ends[1]);
  int reason = 0;
  ssize_t got;
  do got = read(pipe_ends[0], &reason, sizeof reason);
  while (got < 0 && errno == EINTR);
  close(pipe_ends[0]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  running_child = 0;
  if (got == sizeof reason) return Error{CUDA_ERROR_FILE_NOT_FOUND, "'" + argv[0] + "' cannot be started: " + strerror(reason), {}};
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

Result<TemporaryFolder> TemporaryFolder::make(const std::string& name) {
  const char* set = getenv("TMPDIR");
  std::string path = std::string(set && *set ? set : "/tmp") + "/" + name + "-XXXXXX";
  if (!mkdtemp(path.data())) return Error{CUDA_ERROR_OPERATING_SYSTEM, "no temporary folder '" + path + "': " + strerror(errno), {}};
  return TemporaryFolder(path);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

Result<> write_file(const std::string& path, std::string_view bytes) {
  auto failed = [&] { return Error{CUDA_ERROR_OPERATING_SYSTEM, "'" + path + "' cannot be written: " + strerror(errno), {}}; };
  FILE* file = fopen(path.c_str(), "wb");
  if (!file) return failed();
  bool written = fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  Error error = written ? Error{} : failed();
  if (fclose(file) != 0 && written) {
    error = failed();
    written = false;
  }
  if (written) return {};
  // Half a file is worse than none; a device or a pipe stays.
  std::error_code ignored;
  if (std::filesystem::is_regular_file(path, ignored)) unlink(path.c_str());
  return error;
}

Result<std::string> read_file(const std::string& path) {
  FILE* file = fopen(path.c_str(), "rb");
  if (!file) return Error{CUDA_ERROR_FILE_NOT_FOUND, "'" + path + "' cannot be read: " + strerror(errno), {}};
  std::string bytes;
  char block[1 << 16];
  for (size_t n; (n = fread(block, 1, sizeof block, file)) > 0;) bytes.append(block, n);
  bool ok = !ferror(file);
  int reason = errno;
  fclose(file);
  if (!ok) return Error{CUDA_ERROR_OPERATING_SYSTEM, "'" + path + "' cannot be read: " + strerror(reason), {}};
  return bytes;
}

}  // namespace anywarp::toolchain
