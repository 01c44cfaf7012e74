/* A disk and a network card that fail on order: loaded before the C library into a daemon under test (LD_PRELOAD).
 *
 * Only files below BHI_DISK (a folder) are concerned, and sockets for BHI_DIE_AT.
 *   BHI_DIE_AT=17                 SIGKILL before the 17th call that can change something outside: write, sync, truncate,
 *                                 unlink, rename of such a file, or sending to a socket. BHI_DIE_CALLS: file appended with
 *                                 the name of each such call (to know how many there are).
 *   BHI_POWER_LOSS=40,SEED        before the 40th write or sync the power goes: of what was not synced each 512-byte sector
 *                                 stays or goes by chance, files whose folder was not synced may be gone; then SIGKILL
 *   BHI_DISK_LIES=1               sync answers "done" and does nothing (so that a test of power loss can be seen to fail)
 *   BHI_DISK_FAULTS=FILE          read before every call: a line "CALL ERRNO TIMES" ("fsync 5 1", "write 28 -1") makes that
 *                                 many calls fail; -1: all. An empty or missing file: none.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { SECTOR = 512, FILES = 64, HANDLES = 4096 };

struct sector {
  off_t at;
  char synced[SECTOR];
};
struct file {
  char path[PATH_MAX];
  off_t synced_size;
  int fresh; /* its folder was not synced since it came into being */
  struct sector* dirty;
  size_t count, room;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct file files[FILES];
static int file_count;
static short file_of[HANDLES]; /* index + 1 */
static char folder[PATH_MAX];
static long die_at, power_at, calls, moments, lies;
static unsigned long long chance_state;
static const char *calls_log, *faults_file;
static __thread int inside;

#define FIND(name) real_##name = dlsym(RTLD_NEXT, #name)
static void *real_pwrite64, *real_pwrite, *real_write, *real_fsync, *real_fdatasync, *real_ftruncate64, *real_ftruncate,
    *real_open64, *real_open, *real_openat, *real_unlink, *real_rename, *real_send, *real_sendto, *real_sendmsg, *real_writev, *real_close;

__attribute__((constructor)) static void start(void) {
  static int done;
  if (done) return;
  done = 1;
  FIND(pwrite64), FIND(pwrite), FIND(write), FIND(fsync), FIND(fdatasync), FIND(ftruncate64), FIND(ftruncate), FIND(open64),
      FIND(open), FIND(openat), FIND(unlink), FIND(rename), FIND(send), FIND(sendto), FIND(sendmsg), FIND(writev), FIND(close);
  const char* text = getenv("BHI_DISK");
  if (text) snprintf(folder, sizeof folder, "%s/", text);
  if ((text = getenv("BHI_DIE_AT"))) die_at = atol(text);
  if ((text = getenv("BHI_POWER_LOSS"))) {
    power_at = atol(text);
    const char* comma = strchr(text, ',');
    chance_state = comma ? strtoull(comma + 1, NULL, 10) * 2654435761u + 1 : 1;
  }
  lies = getenv("BHI_DISK_LIES") != NULL;
  calls_log = getenv("BHI_DIE_CALLS");
  faults_file = getenv("BHI_DISK_FAULTS");
}

static int chance(void) {
  chance_state = chance_state * 6364136223846793005ull + 1442695040888963407ull;
  return (chance_state >> 40) & 1;
}

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

/* One more call that changes something outside. */
static void count(const char* name) {
  long number = __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
  if (calls_log) {
    int log = ((int (*)(const char*, int, ...))real_open64)(calls_log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log >= 0) {
      char line[64];
      int size = snprintf(line, sizeof line, "%s\n", name);
      ((ssize_t(*)(int, const void*, size_t))real_write)(log, line, (size_t)size);
      ((int (*)(int))real_close)(log);
    }
  }
  if (die_at && number == die_at) die();
}

/* The error that was ordered for this call; 0: none. Under the lock. */
static int ordered(const char* name) {
  if (!faults_file) return 0;
  int at = ((int (*)(const char*, int, ...))real_open64)(faults_file, O_RDWR | O_CLOEXEC);
  if (at < 0) return 0;
  char text[64] = {0}, call[32];
  int code = 0, times = 0, result = 0;
  ssize_t size = read(at, text, sizeof text - 1);
  if (size > 0 && sscanf(text, "%31s %d %d", call, &code, &times) == 3 && times != 0 && strcmp(call, name) == 0) {
    result = code;
    if (times > 0) {
      size = snprintf(text, sizeof text, "%s %d %d\n", call, code, times - 1);
      ((int (*)(int, off_t))real_ftruncate64)(at, 0);
      ((ssize_t(*)(int, const void*, size_t, off_t))real_pwrite64)(at, text, (size_t)size, 0);
    }
  }
  ((int (*)(int))real_close)(at);
  return result;
}

static struct file* known(int handle) {
  if (handle < 0 || handle >= HANDLES || file_of[handle] == 0) return NULL;
  return &files[file_of[handle] - 1];
}

static void note_open(const char* path, int handle, int was_there) {
  char full[PATH_MAX];
  if (handle < 0 || handle >= HANDLES || !folder[0]) return;
  snprintf(full, sizeof full, "/proc/self/fd/%d", handle);
  char target[PATH_MAX];
  ssize_t size = readlink(full, target, sizeof target - 1);
  if (size < 0) return;
  target[size] = 0;
  (void)path;
  pthread_mutex_lock(&lock);
  file_of[handle] = 0;
  if (strncmp(target, folder, strlen(folder)) == 0 || (strncmp(target, folder, strlen(folder) - 1) == 0 && target[strlen(folder) - 1] == 0)) {
    int at = 0;
    while (at < file_count && strcmp(files[at].path, target) != 0) ++at;
    if (at < FILES) {
      if (at == file_count) {
        ++file_count;
        snprintf(files[at].path, sizeof files[at].path, "%s", target);
        struct stat found;
        files[at].synced_size = fstat(handle, &found) == 0 ? found.st_size : 0;
        files[at].fresh = !was_there;
      }
      file_of[handle] = (short)(at + 1);
    }
  }
  pthread_mutex_unlock(&lock);
}

/* What is there now becomes what a loss of power may bring back. Under the lock. */
static void remember(struct file* file, int handle, off_t from, size_t size) {
  for (off_t at = from / SECTOR * SECTOR; at < from + (off_t)size; at += SECTOR) {
    size_t i = 0;
    while (i < file->count && file->dirty[i].at != at) ++i;
    if (i < file->count) continue;
    if (file->count == file->room) {
      file->room = file->room ? file->room * 2 : 64;
      file->dirty = realloc(file->dirty, file->room * sizeof *file->dirty);
    }
    struct sector* kept = &file->dirty[file->count++];
    memset(kept, 0, sizeof *kept);
    kept->at = at;
    ssize_t got = pread(handle, kept->synced, SECTOR, at);
    (void)got;
  }
}

/* SQLite maps "-shm" into memory and makes it anew after a loss. Cut short under threads that still read it, it would
 * end them by SIGBUS, which no loss of power does. */
static int is_mapped(const char* path) {
  size_t length = strlen(path);
  return length > 4 && strcmp(path + length - 4, "-shm") == 0;
}

static void lose_power(void) {
  for (int i = 0; i < file_count; ++i) {
    struct file* file = &files[i];
    if (is_mapped(file->path)) {
      if (chance()) ((int (*)(const char*))real_unlink)(file->path);
      continue;
    }
    if (file->fresh && chance()) {
      ((int (*)(const char*))real_unlink)(file->path);
      continue;
    }
    if (file->count == 0) continue;
    int at = ((int (*)(const char*, int, ...))real_open64)(file->path, O_RDWR | O_CLOEXEC);
    if (at < 0) continue;
    off_t end = file->synced_size;
    for (size_t s = 0; s < file->count; ++s) {
      struct sector* sector = &file->dirty[s];
      if (chance()) {
        if (sector->at + SECTOR > end) end = sector->at + SECTOR;
      } else {
        ((ssize_t(*)(int, const void*, size_t, off_t))real_pwrite64)(at, sector->synced, SECTOR, sector->at);
      }
    }
    struct stat found;
    if (fstat(at, &found) == 0 && found.st_size > end) ((int (*)(int, off_t))real_ftruncate64)(at, end);
    ((int (*)(int))real_close)(at);
  }
  die();
}

static void moment(void) {
  if (power_at && ++moments == power_at) lose_power();
}

/* Before a write to one of our files: -1 with errno, or 0. Takes the lock, which `done` lets go. */
static int before_write(struct file* file, int handle, off_t from, size_t size, const char* name) {
  count(name);
  pthread_mutex_lock(&lock);
  int code = ordered("write");
  if (code) {
    pthread_mutex_unlock(&lock);
    errno = code;
    return -1;
  }
  if (power_at) {
    moment();
    remember(file, handle, from, size);
  }
  return 0;
}

static void done(void) { pthread_mutex_unlock(&lock); }

ssize_t pwrite64(int handle, const void* data, size_t size, off64_t at) {
  start();
  struct file* file = known(handle);
  if (!file || inside) return ((ssize_t(*)(int, const void*, size_t, off64_t))real_pwrite64)(handle, data, size, at);
  if (before_write(file, handle, at, size, "pwrite") != 0) return -1;
  inside = 1;
  ssize_t result = ((ssize_t(*)(int, const void*, size_t, off64_t))real_pwrite64)(handle, data, size, at);
  inside = 0;
  done();
  return result;
}
ssize_t pwrite(int handle, const void* data, size_t size, off_t at) { return pwrite64(handle, data, size, at); }


ssize_t write(int handle, const void* data, size_t size) {
  start();
  struct file* file = known(handle);
  if (!file || inside) return ((ssize_t(*)(int, const void*, size_t))real_write)(handle, data, size);
  if (before_write(file, handle, lseek(handle, 0, SEEK_CUR), size, "write") != 0) return -1;
  ssize_t result = ((ssize_t(*)(int, const void*, size_t))real_write)(handle, data, size);
  done();
  return result;
}

static int synced(int handle, int (*real)(int)) {
  struct file* file = known(handle);
  if (!file || inside) return real(handle);
  count("fsync");
  pthread_mutex_lock(&lock);
  int code = ordered("fsync");
  if (code) {
    pthread_mutex_unlock(&lock);
    errno = code;
    return -1;
  }
  moment();
  if (lies) {
    pthread_mutex_unlock(&lock);
    return 0;
  }
  inside = 1;
  int result = power_at ? 0 : real(handle); /* the machine does not fall, so the test need not wait for its disk */
  inside = 0;
  struct stat found;
  if (result == 0 && fstat(handle, &found) == 0) {
    if (S_ISDIR(found.st_mode)) {
      size_t size = strlen(file->path);
      for (int i = 0; i < file_count; ++i) {
        if (strncmp(files[i].path, file->path, size) == 0) files[i].fresh = 0;
      }
    } else {
      file->count = 0;
      file->synced_size = found.st_size;
    }
  }
  pthread_mutex_unlock(&lock);
  return result;
}
int fsync(int handle) {
  start();
  return synced(handle, (int (*)(int))real_fsync);
}
int fdatasync(int handle) {
  start();
  return synced(handle, (int (*)(int))real_fdatasync);
}

/* A truncation counts as synced at once: it can only lose what nobody needs any more. */
int ftruncate64(int handle, off64_t size) {
  start();
  struct file* file = known(handle);
  if (!file || inside) return ((int (*)(int, off64_t))real_ftruncate64)(handle, size);
  count("ftruncate");
  pthread_mutex_lock(&lock);
  int code = ordered("write");
  int result = -1;
  if (!code) {
    result = ((int (*)(int, off64_t))real_ftruncate64)(handle, size);
    size_t kept = 0;
    for (size_t i = 0; i < file->count; ++i) {
      if (file->dirty[i].at < size) file->dirty[kept++] = file->dirty[i];
    }
    file->count = kept;
    if (file->synced_size > size) file->synced_size = size;
  }
  pthread_mutex_unlock(&lock);
  if (code) errno = code;
  return result;
}
int ftruncate(int handle, off_t size) { return ftruncate64(handle, size); }

static int there(int folder_handle, const char* path) { return faccessat(folder_handle, path, F_OK, 0) == 0; }

int open64(const char* path, int flags, ...) {
  start();
  va_list more;
  va_start(more, flags);
  mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
  va_end(more);
  int was_there = there(AT_FDCWD, path);
  int handle = ((int (*)(const char*, int, ...))real_open64)(path, flags, mode);
  note_open(path, handle, was_there);
  return handle;
}
int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
  va_end(more);
  return open64(path, flags, mode);
}

int close(int handle) {
  start();
  if (handle >= 0 && handle < HANDLES) file_of[handle] = 0;
  return ((int (*)(int))real_close)(handle);
}

int unlink(const char* path) {
  start();
  if (folder[0] && strncmp(path, folder, strlen(folder)) == 0) {
    count("unlink");
    pthread_mutex_lock(&lock);
    for (int i = 0; i < file_count; ++i) {
      if (strcmp(files[i].path, path) == 0) files[i].path[0] = 0, files[i].count = 0, files[i].fresh = 0;
    }
    pthread_mutex_unlock(&lock);
  }
  return ((int (*)(const char*))real_unlink)(path);
}

ssize_t send(int handle, const void* data, size_t size, int flags) {
  start();
  count("send");
  return ((ssize_t(*)(int, const void*, size_t, int))real_send)(handle, data, size, flags);
}
ssize_t sendto(int handle, const void* data, size_t size, int flags, const struct sockaddr* to, socklen_t length) {
  start();
  count("send");
  return ((ssize_t(*)(int, const void*, size_t, int, const struct sockaddr*, socklen_t))real_sendto)(handle, data, size, flags, to, length);
}
ssize_t sendmsg(int handle, const struct msghdr* message, int flags) {
  start();
  count("send");
  return ((ssize_t(*)(int, const struct msghdr*, int))real_sendmsg)(handle, message, flags);
}
