# Whether any port of the app's workers, or Caddy's own before them, can be connected to.
import socket

def reaches(port):
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
        return True
    except OSError:
        return False

print(any([reaches(port) for port in range(20000, 20017)]))
