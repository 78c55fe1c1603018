"""What makes a Debian system look like Raspberry Pi OS: programs and settings put into the image."""

from __future__ import annotations

# There is no VideoCore: temperature and clock come from the kernel, throttling from a file that tests write.
VCGENCMD = r"""#!/bin/sh
case "$1" in
measure_temp)
    milli=$(cat /sys/class/thermal/thermal_zone0/temp)
    echo "temp=$((milli / 1000)).$((milli % 1000 / 100))'C" ;;
get_throttled) echo "throttled=$(cat /run/vcgencmd/throttled)" ;;
measure_clock) echo "frequency(48)=$(cat /sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq)000" ;;
version) printf '%s\n' 'Jan  8 2025 17:52:48 ' 'Copyright (c) 2012 Broadcom' 'version 0 (clean)' ;;
*) echo 'error=1 error_msg="Command not registered"'; exit 255 ;;
esac
"""

# Raspberry Pi OS sets the governor at boot, and its kernel adds the board to /proc/cpuinfo.
BOOT = r"""#!/bin/sh
echo ondemand > /sys/devices/system/cpu/cpufreq/policy0/scaling_governor
mkdir -p /run/vcgencmd
echo 0x0 > /run/vcgencmd/throttled
{
    cat /proc/cpuinfo
    printf 'Revision\t: %s\n' "$(tr -d '\0' < /proc/device-tree/pi-emu,revision)"
    printf 'Serial\t\t: %s\n' "$(tr -d '\0' < /proc/device-tree/serial-number)"
    printf 'Model\t\t: %s\n' "$(tr -d '\0' < /proc/device-tree/model)"
} > /run/cpuinfo
mount --bind /run/cpuinfo /proc/cpuinfo
exit 0
"""
BOOT_UNIT = """\
[Unit]
DefaultDependencies=no
After=local-fs.target
Before=ssh.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/lib/pi-boot
[Install]
WantedBy=multi-user.target
"""

# The first program: loads modules, brings up the network (always the same in QEMU), puts this start's keys
# on the disk, and hands over to the init of the disk, or to the program named by `second=`.
INIT = r"""#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mkdir -p /proc /sys /dev /root
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
for module in $(cat /modules.order); do insmod /modules/$module; done
tries=0; until [ -e /dev/vda ] || [ $tries -gt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
ip link set lo up
ip addr add 10.0.2.15/24 dev eth0; ip link set eth0 up; ip route add default via 10.0.2.2
mount -t ext4 -o rw,noatime /dev/vda /root
if [ -d /inject ]; then
    cp /inject/ssh_host_ed25519_key /inject/ssh_host_ed25519_key.pub /root/etc/ssh/
    chmod 600 /root/etc/ssh/ssh_host_ed25519_key
    mkdir -p /root/home/pi/.ssh
    cp /inject/authorized_keys /root/home/pi/.ssh/
    chmod 700 /root/home/pi/.ssh; chmod 600 /root/home/pi/.ssh/authorized_keys
    chown -R 1000:1000 /root/home/pi/.ssh
fi
init=/sbin/init
for word in $(cat /proc/cmdline); do case "$word" in second=*) init=${word#second=} ;; esac; done
for folder in proc sys dev; do mount -o move /$folder /root/$folder; done
exec switch_root /root "$init"
"""

# Debian's own installation, run once inside the emulated machine; it powers off when it is done.
SECOND_STAGE = r"""#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive
/debootstrap/debootstrap --second-stage && {
    useradd -m -s /bin/bash -u 1000 pi
    for group in adm dialout cdrom sudo audio video plugdev games users input render netdev; do
        groupadd -f "$group"; usermod -aG "$group" pi
    done
    ln -sf /dev/null /etc/systemd/system/serial-getty@ttyAMA0.service
    for unit in apt-daily.timer apt-daily-upgrade.timer systemd-timesyncd.service; do
        ln -sf /dev/null "/etc/systemd/system/$unit"
    done
    systemctl enable pi-boot.service ssh.service
    rm -f /etc/ssh/ssh_host_* /var/cache/apt/archives/*.deb
    touch /installed
}
# The installation takes /proc away at its end. Make the disk read-only, then switch off.
sync
mount -t proc proc /proc 2> /dev/null
echo u > /proc/sysrq-trigger
sleep 1
echo o > /proc/sysrq-trigger
sleep 60
"""

FILES: dict[str, tuple[str, int]] = {
    "usr/bin/vcgencmd": (VCGENCMD, 0o755),
    "usr/lib/pi-boot": (BOOT, 0o755),
    "second-stage": (SECOND_STAGE, 0o755),
    "etc/systemd/system/pi-boot.service": (BOOT_UNIT, 0o644),
    "etc/hostname": ("raspberrypi\n", 0o644),
    "etc/hosts": ("127.0.0.1\tlocalhost\n127.0.1.1\traspberrypi\n", 0o644),
    "etc/fstab": ("# the initial RAM disk mounts the root file system\n", 0o644),
    "etc/resolv.conf": ("nameserver 10.0.2.3\n", 0o644),
    "etc/sudoers.d/010_pi-nopasswd": ("pi ALL=(ALL) NOPASSWD: ALL\n", 0o440),
    "etc/ssh/sshd_config.d/pi.conf": ("PasswordAuthentication no\nUseDNS no\n", 0o644),
    "etc/rpi-issue": ("Raspberry Pi reference (emulated)\n", 0o644),
}
