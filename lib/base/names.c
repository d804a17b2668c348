#include "names.h"

#include <string.h>

#include "compiler.h"

static bool starts_name(char c) {
  return (c >= 'a' && c <= 'z') || c == '_';
}

static bool continues_name(char c) {
  return starts_name(c) || (c >= '0' && c <= '9') || c == '-';
}

bool name_is_strict(const char *name) {
  if (name == NULL || !starts_name(name[0])) return false;
  size_t length = 1;
  while (length <= ACCOUNT_NAME_MAX && continues_name(name[length]))
    length++;
  return length <= ACCOUNT_NAME_MAX && name[length] == '\0';
}

/*
 * Names that sudo, polkit, udev, file modes or a daemon's own checks give rights to on some distribution, and names
 * that belong to the system. A host need not have the group today: the package that makes it may come tomorrow.
 */
/* clang-format off */
static const char reserved[][20] = { /* no pointers: whoever loads this would have to relocate them */
    /* the administrator */
    "root", "toor", "admin", "admins", "administrator", "administrators", "adm", "wheel", "sudo", "doas", "google-sudoers", "operator",
    "staff", "sysadmin",
    /* as good as root: containers, virtual machines, raw devices, secrets */
    "docker", "podman", "lxc", "lxd", "incus", "incus-admin", "containerd", "microk8s", "snap_microk8s", "libvirt", "libvirtd",
    "libvirt-qemu", "libvirt-dnsmasq", "kvm", "qemu", "vboxusers", "vboxsf", "disk", "shadow", "kmem", "mem",
    "sgx", "tss", "ssl-cert", "wireshark", "pcap", "tcpdump", "fuse", "rdma", "ceph", "i2c", "gpio", "spi",
    "vsock",
    /* devices and services of a seat */
    "tty", "tape", "video", "audio", "input", "render", "dialout", "uucp", "plugdev", "netdev", "network",
    "bluetooth", "scanner", "lp", "lpadmin", "lpadmins", "sambashare", "cdrom", "floppy", "fax", "voice", "optical", "storage", "power",
    "lock", "utmp", "wtmp", "rfkill", "pulse", "pulse-access", "pipewire", "realtime", "games", "sasl", "ssh_keys",
    "clock",
    /* the system's own */
    "daemon", "bin", "sys", "sync", "shutdown", "halt", "man", "mail", "news", "proxy", "www-data", "backup",
    "list", "irc", "gnats", "src", "ftp", "http", "dbus", "messagebus", "polkitd", "rtkit", "avahi", "colord",
    "geoclue", "crontab", "cron", "at", "users", "user", "nobody", "nogroup", "nfsnobody", "none", "ssh", "sshd",
    "sssd", "ntp", "chrony", "rpc", "rpcuser", "statd", "syslog", "logcheck", "uuidd", "tcpd", "landscape",
    "saned", "usbmux", "cups", "gdm", "lightdm", "sddm", "mysql", "mariadb", "postgres", "redis", "mongodb",
    "apache", "nginx", "squid", "postfix", "postdrop", "dovecot", "dovenull", "named", "bind", "unbound",
    "dnsmasq", "munge", "slurm", "etcd", "kube", "jwt-login",
};
/* clang-format on */

static bool has_prefix(const char *name, const char *prefix) {
  return strncmp(name, prefix, strlen(prefix)) == 0;
}

bool name_is_reserved(const char *name) {
  if (has_prefix(name, "_") || has_prefix(name, "systemd-")) return true;
  for (size_t i = 0; i < COUNT_OF(reserved); i++)
    if (strcmp(name, reserved[i]) == 0) return true;
  return false;
}

bool name_pattern_allows(const struct name_pattern *pattern, const char *name) {
  if (!name_is_strict(name) || name_is_reserved(name)) return false;
  size_t length = strlen(name), suffix_length = strlen(pattern->suffix);
  return length > strlen(pattern->prefix) + suffix_length && has_prefix(name, pattern->prefix) &&
         strcmp(name + length - suffix_length, pattern->suffix) == 0;
}

/* Never holds 0, which is root, nor 2^32 - 1, which chown(2) and setresuid(2) take for "leave as it is". */
static uint32_t range_size(struct id_range range) {
  bool usable = range.min > 0 && range.max >= range.min && range.max < UINT32_MAX;
  return usable ? range.max - range.min + 1 : 0;
}

bool text_is_printable(const char *text) {
  while ((unsigned char)*text >= ' ' && *text != 0x7f)
    text++;
  return *text == '\0';
}

bool name_is_listed(const char *const *list, const char *word) {
  while (*list != NULL && strcmp(*list, word) != 0)
    list++;
  return *list != NULL;
}

bool id_range_holds(struct id_range range, uint32_t id) {
  return range_size(range) > 0 && id >= range.min && id <= range.max;
}

const uint8_t account_id_key[16] = "jwt-login ids 1";

uint32_t account_id_probe(const char *name, struct id_range range, const uint8_t *key, uint32_t probe) {
  uint32_t size = range_size(range);
  if (probe >= size) return 0;
  uint64_t hash = siphash24(key != NULL ? key : account_id_key, name, strlen(name));
  return range.min + (uint32_t)((hash % size + probe) % size);
}
