"""A whole studio on one kernel, made of network namespaces: a switch and router, a coordinator,
two GPU machines with a Docker Engine each, a desktop and an "internet".

Everything here is real (Linux namespaces, veth cables, dockerd, dnsmasq); only the GPUs are not.
"""
