/* A stand-in for nbdkit's vddk plugin, with a simulated vCenter behind it; README.md tells what it checks. */
#define NBDKIT_API_VERSION 2
#define _GNU_SOURCE
#include <nbdkit-plugin.h>

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define THREAD_MODEL NBDKIT_THREAD_MODEL_PARALLEL
#define SECTOR 512

static const char *libdir, *server, *port = "443", *user, *thumbprint, *vm, *snapshot = "", *transports, *file;
static char *password, *library_path, *was_library_path;

struct parameter {
  const char *name;
  const char **value;
};
static const struct parameter parameters[] = {
  { "libdir", &libdir }, { "server", &server }, { "port", &port }, { "user", &user },
  { "thumbprint", &thumbprint }, { "vm", &vm }, { "snapshot", &snapshot },
  { "transports", &transports }, { "file", &file },
};

static int standin_config(const char *key, const char *value)
{
  if (strcmp(key, "password") == 0)
    return nbdkit_read_password(value, &password);
  if (strcmp(key, "reexeced_") == 0) {
    was_library_path = strdup(value);
    return 0;
  }
  for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++) {
    if (strcmp(key, parameters[i].name) == 0) {
      *parameters[i].value = value;
      return 0;
    }
  }
  nbdkit_error("unknown parameter '%s'", key);
  return -1;
}

static int missing(const char *name)
{
  nbdkit_error("remote connection requested, missing parameter: %s", name);
  return -1;
}

static int standin_config_complete(void)
{
  if (file == NULL) {
    nbdkit_error("you must supply the file=<FILENAME> parameter");
    return -1;
  }
  if (server == NULL) return missing("server");
  if (user == NULL) return missing("user");
  if (password == NULL) return missing("password");
  if (vm == NULL || strncmp(vm, "moref=", 6) != 0) return missing("vm");
  if (thumbprint == NULL) return missing("thumbprint");
  return 0;
}

/* The address that stands where the library would be; the caller frees it. */
static char *control_address(void)
{
  char *address = NULL;
  size_t size = 0;
  free(library_path);
  if (asprintf(&library_path, "%s/lib64/libvixDiskLib.so.8", libdir == NULL ? "/usr/lib" : libdir) == -1)
    return NULL;
  FILE *library = fopen(library_path, "r");
  if (library == NULL || getline(&address, &size, library) < 1) {
    free(address);
    address = NULL;
  } else {
    address[strcspn(address, "\r\n")] = '\0';
  }
  if (library != NULL) fclose(library);
  return address;
}

static void standin_dump_plugin(void)
{
  char *address = control_address();
  if (libdir != NULL && access(libdir, F_OK) == -1) {
    nbdkit_error("realpath: %s: %m", libdir);
    exit(EXIT_FAILURE);
  }
  printf("vddk_default_libdir=/usr/lib\n");
  if (address != NULL) printf("vddk_library_version=8\nvddk_dll=%s\n", library_path);
  free(address);
}

/* Reads the arguments this process has; returns how many bytes, with a zero behind each. */
static size_t own_arguments(char *into, size_t most)
{
  int fd = open("/proc/self/cmdline", O_RDONLY);
  ssize_t length = fd == -1 ? -1 : read(fd, into, most);
  if (fd != -1) close(fd);
  return length < 0 ? 0 : (size_t)length;
}

static bool listens_on_unix_socket(void)
{
  static char arguments[65536];
  size_t length = own_arguments(arguments, sizeof arguments - 1);
  for (char *one = arguments; one < arguments + length; one += strlen(one) + 1)
    if (strncmp(one, "--unix=", 7) == 0 || strcmp(one, "--unix") == 0 || strcmp(one, "-U") == 0) return true;
  return false;
}

/* The library's own libraries have to be found: the process is started anew with them in its path, once. The password
 * has been read from its descriptor by then, so it goes through another one. */
static int start_anew(void)
{
  static char arguments[65536];
  char *all[512], *reexeced, *password_argument, *path;
  size_t count = 0, length = own_arguments(arguments, sizeof arguments - 1);
  for (char *one = arguments; one < arguments + length && count < 500; one += strlen(one) + 1)
    if (strncmp(one, "password=", 9) != 0) all[count++] = one;
  int memory = memfd_create("password", 0);
  if (memory == -1 || write(memory, password, strlen(password)) == -1 || lseek(memory, 0, SEEK_SET) == -1 ||
      asprintf(&password_argument, "password=-%d", memory) == -1 ||
      asprintf(&reexeced, "reexeced_=%s", getenv("LD_LIBRARY_PATH") ? getenv("LD_LIBRARY_PATH") : "") == -1 ||
      asprintf(&path, "%s/lib64", libdir) == -1) {
    nbdkit_error("cannot start anew: %m");
    return -1;
  }
  all[count++] = password_argument;
  all[count++] = reexeced;
  all[count] = NULL;
  setenv("LD_LIBRARY_PATH", path, 1);
  execv("/proc/self/exe", all);
  nbdkit_error("execv: %m");
  return -1;
}

static int standin_get_ready(void)
{
  char *address = control_address();
  if (address == NULL) {
    nbdkit_error("%s: cannot open shared object file: No such file or directory", library_path);
    return -1;
  }
  free(address);
  if (!listens_on_unix_socket()) {
    nbdkit_error("the stand-in is asked for a listener that others can reach");
    return -1;
  }
  return was_library_path == NULL ? start_anew() : 0;
}

static int standin_thread_model(void) { return THREAD_MODEL; }

/* Whether the server presents the certificate that it is known by; asked until it does once. */
static bool knows_server(void)
{
  static bool known;
  char *command, told[256] = "";
  if (known) return true;
  for (const char *at = server; *at; at++)
    if (!isalnum((unsigned char)*at) && strchr(".-:", *at) == NULL) return false;
  if (asprintf(&command,
               "openssl s_client -connect %s:%d </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha1 2>/dev/null",
               server, atoi(port)) == -1)
    return false;
  FILE *pipe = popen(command, "r");
  free(command);
  if (pipe == NULL) return false;
  bool read_one = fgets(told, sizeof told, pipe) != NULL;
  pclose(pipe);
  const char *equals = read_one ? strchr(told, '=') : NULL;
  known = equals != NULL && strncasecmp(equals + 1, thumbprint, strlen(thumbprint)) == 0 &&
          equals[1 + strlen(thumbprint)] == '\n';
  return known;
}

static void put_field(FILE *to, const char *name, const char *value, const char *end)
{
  fprintf(to, "\"%s\":\"", name);
  for (; *value; value++) {
    if (*value == '"' || *value == '\\') fputc('\\', to);
    fputc(*value, to);
  }
  fprintf(to, "\"%s", end);
}

/* Sends one request and reads the whole answer; false when nobody answers. */
static bool ask(const char *address, char *answer, size_t most)
{
  struct sockaddr_in at = { .sin_family = AF_INET };
  const char *host = strstr(address, "://");
  const char *colon = host == NULL ? NULL : strrchr(host, ':');
  if (colon == NULL || colon == host) return false;
  at.sin_port = htons(atoi(colon + 1));
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  char *body;
  size_t length, have = 0;
  FILE *text = open_memstream(&body, &length);
  fputc('{', text);
  put_field(text, "user", user, ",");
  put_field(text, "password", password, ",");
  put_field(text, "vm", vm + 6, ",");
  put_field(text, "snapshot", snapshot, ",");
  put_field(text, "file", file, "}");
  fclose(text);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bool good = fd != -1 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
              dprintf(fd, "POST /vddk HTTP/1.0\r\nContent-Length: %zu\r\n\r\n%s", length, body) > 0;
  for (ssize_t got; good && have < most - 1 && (got = read(fd, answer + have, most - 1 - have)) != 0;) {
    good = got > 0;
    if (got > 0) have += (size_t)got;
  }
  answer[have] = '\0';
  if (fd != -1) close(fd);
  free(body);
  return good;
}

struct handle {
  int fd;
  int64_t size, rate, cut, sent;
};

static void *standin_open(int readonly)
{
  char answer[8192], path[4096];
  if (!readonly) {
    nbdkit_error("the stand-in is asked for a disk to write to");
    return NULL;
  }
  if (!knows_server()) {
    nbdkit_error("VixDiskLib_ConnectEx: SSL certificate thumbprint does not match");
    return NULL;
  }
  char *address = control_address();
  bool answered = address != NULL && ask(address, answer, sizeof answer);
  free(address);
  char *body = answered ? strstr(answer, "\r\n\r\n") : NULL;
  if (body == NULL) {
    nbdkit_error("VixDiskLib_ConnectEx: Cannot connect to the host");
    return NULL;
  }
  body += 4;
  if (strncmp(answer + strcspn(answer, " "), " 200", 4) != 0) {
    body[strcspn(body, "\n")] = '\0';
    /* Libraries tell more than is good at times. */
    nbdkit_error("%s", body);
    nbdkit_error("asked as %s, %s", user, password);
    return NULL;
  }
  struct handle *h = calloc(1, sizeof *h);
  struct stat facts;
  if (h == NULL || sscanf(body, "%4095[^\n]\n%" SCNd64 "\n%" SCNd64, path, &h->rate, &h->cut) != 3 ||
      (h->fd = open(path, O_RDONLY | O_CLOEXEC)) == -1 || fstat(h->fd, &facts) == -1) {
    nbdkit_error("VixDiskLib_Open: %s: Unknown error", file);
    free(h);
    return NULL;
  }
  h->size = facts.st_size;
  return h;
}

static void standin_close(void *handle)
{
  struct handle *h = handle;
  close(h->fd);
  free(h);
}

static int64_t standin_get_size(void *handle) { return ((struct handle *)handle)->size; }

static int standin_block_size(void *handle, uint32_t *minimum, uint32_t *preferred, uint32_t *maximum)
{
  *minimum = SECTOR;
  *preferred = 4096;
  *maximum = 0xffffffff;
  return 0;
}

static int standin_can_extents(void *handle) { return 1; }

static int standin_extents(void *handle, uint32_t count, uint64_t offset, uint32_t flags, struct nbdkit_extents *extents)
{
  struct handle *h = handle;
  const uint64_t end = offset + count;
  while (offset < end) {
    off_t data = lseek(h->fd, (off_t)offset, SEEK_DATA);
    uint64_t next = data == -1 ? end : (uint64_t)data;
    if (next > offset) {
      if (nbdkit_add_extent(extents, offset, next - offset, NBDKIT_EXTENT_HOLE | NBDKIT_EXTENT_ZERO) == -1) return -1;
    } else {
      next = (uint64_t)lseek(h->fd, (off_t)offset, SEEK_HOLE);
      if (nbdkit_add_extent(extents, offset, next - offset, 0) == -1) return -1;
    }
    offset = next;
  }
  return 0;
}

static int standin_pread(void *handle, void *into, uint32_t count, uint64_t offset, uint32_t flags)
{
  struct handle *h = handle;
  if (count % SECTOR != 0 || offset % SECTOR != 0) {
    nbdkit_error("the stand-in is asked for parts of sectors");
    errno = EINVAL;
    return -1;
  }
  h->sent += count;
  if (h->cut > 0 && h->sent > h->cut) {
    nbdkit_error("VixDiskLib_ReadAsync: NBD_ERR_NETWORK_CONNECT");
    errno = EIO;
    return -1;
  }
  if (h->rate > 0) nbdkit_nanosleep((unsigned)(count / h->rate), (unsigned)(count % h->rate * 1000000000 / h->rate));
  for (uint32_t done = 0; done < count;) {
    ssize_t got = pread(h->fd, (char *)into + done, count - done, (off_t)(offset + done));
    if (got <= 0) {
      nbdkit_error("VixDiskLib_ReadAsync: %m");
      return -1;
    }
    done += (uint32_t)got;
  }
  return 0;
}

static struct nbdkit_plugin plugin = {
  .name = "vddk",
  .version = "stand-in",
  .config = standin_config,
  .config_complete = standin_config_complete,
  .dump_plugin = standin_dump_plugin,
  .get_ready = standin_get_ready,
  .thread_model = standin_thread_model,
  .open = standin_open,
  .close = standin_close,
  .get_size = standin_get_size,
  .block_size = standin_block_size,
  .can_extents = standin_can_extents,
  .extents = standin_extents,
  .pread = standin_pread,
  .magic_config_key = "file",
};

NBDKIT_REGISTER_PLUGIN(plugin)
