// SPDX-License-Identifier: Apache-2.0
// The C library's functions, replaced. Their names are given to the assembler, so that no header's
// own form of them is in the way. A write that is to fail leaves its first half behind, as a disk
// that fills up or breaks in the middle does.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>

#include "tests/process/faults/disk.h"

namespace covfefe::faults {

// The functions below have no other way to find it.
Disk* installed = nullptr;

namespace {

template <typename Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

int refuse(int error) {
  errno = error;
  return -1;
}

std::string below(int directory, const char* path) {
  return installed == nullptr ? std::string() : installed->resolve(directory, path);
}

std::string path_of(int fd) {
  const std::string* path = installed == nullptr ? nullptr : installed->path_of(fd);
  return path == nullptr ? std::string() : *path;
}

// As far as it matters: only a record tells what was there before.
bool is_there(const std::string& path) {
  return !installed->records() || ::access(path.c_str(), F_OK) == 0;
}

int open_at(int directory, const char* path, int flags, mode_t mode) {
  static auto* const next = real<int(int, const char*, int, ...)>("openat");
  const std::string watched = below(directory, path);
  if (watched.empty()) {
    const int fd = next(directory, path, flags, mode);
    if (installed != nullptr) installed->closed(fd);
    return fd;
  }
  const bool made = (flags & O_CREAT) != 0 && !is_there(watched);
  if (const int error = installed->begin({Act::Open, watched, {}, 0, {}, made}); error != 0)
    return refuse(error);
  const int fd = next(directory, path, flags, mode);
  installed->opened(fd, watched);
  return fd;
}

ssize_t write_at(int fd, const void* bytes, std::size_t size, std::int64_t offset) {
  static auto* const next = real<ssize_t(int, const void*, std::size_t, off_t)>("pwrite");
  const std::string watched = path_of(fd);
  if (watched.empty()) return next(fd, bytes, size, offset);
  const int error = installed->begin(
      {Act::Write, watched, {}, offset, std::string(static_cast<const char*>(bytes), size)});
  if (error == 0) return next(fd, bytes, size, offset);
  static_cast<void>(next(fd, bytes, size / 2, offset));
  return refuse(error);
}

ssize_t write_on(int fd, const void* bytes, std::size_t size) {
  static auto* const next = real<ssize_t(int, const void*, std::size_t)>("write");
  const std::string watched = path_of(fd);
  if (watched.empty()) return next(fd, bytes, size);
  const off_t offset = installed->records() ? ::lseek(fd, 0, SEEK_CUR) : 0;
  const int error = installed->begin(
      {Act::Write, watched, {}, offset, std::string(static_cast<const char*>(bytes), size)});
  if (error == 0) return next(fd, bytes, size);
  static_cast<void>(next(fd, bytes, size / 2));
  return refuse(error);
}

int sync(int fd, int (*next)(int)) {
  const std::string watched = path_of(fd);
  if (watched.empty()) return next(fd);
  const int error = installed->begin({Act::Sync, watched});
  return error == 0 ? next(fd) : refuse(error);
}

int truncate_to(int fd, std::int64_t size) {
  static auto* const next = real<int(int, off_t)>("ftruncate");
  const std::string watched = path_of(fd);
  if (watched.empty()) return next(fd, size);
  const int error = installed->begin({Act::Truncate, watched, {}, size});
  return error == 0 ? next(fd, size) : refuse(error);
}

struct Name {
  int directory;
  const char* path;
};

enum class Old : std::uint8_t { Goes, Stays };

int begin_rename(Name from, Name to, Old old) {
  const std::string watched = below(from.directory, from.path);
  if (watched.empty()) return 0;
  return installed->begin(
      {Act::Rename, watched, below(to.directory, to.path), 0, {}, old == Old::Stays});
}

int begin_remove(Name name) {
  const std::string watched = below(name.directory, name.path);
  // A name that is not there cannot fail in an interesting way.
  if (watched.empty() || !is_there(watched)) return 0;
  return installed->begin({Act::Remove, watched});
}

}  // namespace
}  // namespace covfefe::faults

namespace faults = covfefe::faults;

extern "C" {

#define REPLACES(name) __asm__(name)

int disk_open(const char* path, int flags, ...) REPLACES("open");
int disk_open64(const char* path, int flags, ...) REPLACES("open64");
int disk_openat(int directory, const char* path, int flags, ...) REPLACES("openat");
int disk_openat64(int directory, const char* path, int flags, ...) REPLACES("openat64");
int disk_close(int fd) REPLACES("close");
ssize_t disk_write(int fd, const void* bytes, size_t size) REPLACES("write");
ssize_t disk_pwrite(int fd, const void* bytes, size_t size, off_t at) REPLACES("pwrite");
ssize_t disk_pwrite64(int fd, const void* bytes, size_t size, off_t at) REPLACES("pwrite64");
int disk_fsync(int fd) REPLACES("fsync");
int disk_fdatasync(int fd) REPLACES("fdatasync");
int disk_ftruncate(int fd, off_t size) REPLACES("ftruncate");
int disk_ftruncate64(int fd, off_t size) REPLACES("ftruncate64");
int disk_rename(const char* from, const char* to) REPLACES("rename");
int disk_renameat(int fd, const char* from, int fd2, const char* to) REPLACES("renameat");
int disk_linkat(int fd, const char* from, int fd2, ...) REPLACES("linkat");
int disk_unlink(const char* path) REPLACES("unlink");
int disk_unlinkat(int fd, const char* path, int flags) REPLACES("unlinkat");
int disk_remove(const char* path) REPLACES("remove");

#define MODE_OF(flags)                             \
  mode_t mode = 0;                                 \
  if (((flags)&O_CREAT) != 0) {                    \
    va_list list;                                  \
    va_start(list, flags);                         \
    mode = static_cast<mode_t>(va_arg(list, int)); \
    va_end(list);                                  \
  }

int disk_open(const char* path, int flags, ...) {
  MODE_OF(flags)
  return faults::open_at(AT_FDCWD, path, flags, mode);
}
int disk_open64(const char* path, int flags, ...) {
  MODE_OF(flags)
  return faults::open_at(AT_FDCWD, path, flags, mode);
}
int disk_openat(int directory, const char* path, int flags, ...) {
  MODE_OF(flags)
  return faults::open_at(directory, path, flags, mode);
}
int disk_openat64(int directory, const char* path, int flags, ...) {
  MODE_OF(flags)
  return faults::open_at(directory, path, flags, mode);
}

int disk_close(int fd) {
  static auto* const next = faults::real<int(int)>("close");
  if (faults::installed != nullptr) faults::installed->closed(fd);
  return next(fd);
}

ssize_t disk_write(int fd, const void* bytes, size_t size) {
  return faults::write_on(fd, bytes, size);
}
ssize_t disk_pwrite(int fd, const void* bytes, size_t size, off_t at) {
  return faults::write_at(fd, bytes, size, at);
}
ssize_t disk_pwrite64(int fd, const void* bytes, size_t size, off_t at) {
  return faults::write_at(fd, bytes, size, at);
}

int disk_fsync(int fd) {
  static auto* const next = faults::real<int(int)>("fsync");
  return faults::sync(fd, next);
}
int disk_fdatasync(int fd) {
  static auto* const next = faults::real<int(int)>("fdatasync");
  return faults::sync(fd, next);
}
int disk_ftruncate(int fd, off_t size) {
  return faults::truncate_to(fd, size);
}
int disk_ftruncate64(int fd, off_t size) {
  return faults::truncate_to(fd, size);
}

int disk_rename(const char* from, const char* to) {
  static auto* const next = faults::real<int(const char*, const char*)>("rename");
  const int error = faults::begin_rename({AT_FDCWD, from}, {AT_FDCWD, to}, faults::Old::Goes);
  return error == 0 ? next(from, to) : faults::refuse(error);
}
int disk_renameat(int fd, const char* from, int fd2, const char* to) {
  static auto* const next = faults::real<int(int, const char*, int, const char*)>("renameat");
  const int error = faults::begin_rename({fd, from}, {fd2, to}, faults::Old::Goes);
  return error == 0 ? next(fd, from, fd2, to) : faults::refuse(error);
}
// Declared with four parameters at most, like everything here; it is called with five.
int disk_linkat(int fd, const char* from, int fd2, ...) {
  static auto* const next = faults::real<int(int, const char*, int, const char*, int)>("linkat");
  va_list list;
  va_start(list, fd2);
  const char* to = va_arg(list, const char*);
  const int flags = va_arg(list, int);
  va_end(list);
  const int error = faults::begin_rename({fd, from}, {fd2, to}, faults::Old::Stays);
  return error == 0 ? next(fd, from, fd2, to, flags) : faults::refuse(error);
}
int disk_unlink(const char* path) {
  static auto* const next = faults::real<int(const char*)>("unlink");
  const int error = faults::begin_remove({AT_FDCWD, path});
  return error == 0 ? next(path) : faults::refuse(error);
}
int disk_unlinkat(int fd, const char* path, int flags) {
  static auto* const next = faults::real<int(int, const char*, int)>("unlinkat");
  const int error = faults::begin_remove({fd, path});
  return error == 0 ? next(fd, path, flags) : faults::refuse(error);
}
int disk_remove(const char* path) {
  static auto* const next = faults::real<int(const char*)>("remove");
  const int error = faults::begin_remove({AT_FDCWD, path});
  return error == 0 ? next(path) : faults::refuse(error);
}

}  // extern "C"
