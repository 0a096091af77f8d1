/* SPDX-License-Identifier: GPL-2.0-only */
/* Running a small program of the image from a job. */
#include "program.h"

#include "request.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

const char pn_program_path[] = "/bin:/usr/bin:/usr/sbin";

/* What is left in @text after its last line is cut to that line. */
static const char *last_line(char *text)
{
	size_t len = strlen(text);

	while (len > 0 && text[len - 1] == '\n')
		text[--len] = 0;
	return strrchr(text, '\n') ? strrchr(text, '\n') + 1 : text;
}

static int collect(pid_t pid, int fd, const char *program)
{
	char said[2048];
	size_t used = 0;
	int status;
	ssize_t n;

	while ((n = read(fd, said + used, sizeof(said) - 1 - used)) > 0) {
		used += n;
		if (used == sizeof(said) - 1) { /* keep the end of it */
			used /= 2;
			memmove(said, said + sizeof(said) - 1 - used, used);
		}
	}
	said[used] = 0;
	close(fd);
	if (waitpid(pid, &status, 0) < 0)
		return pn_fail(-errno, "%s: %m", program);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return pn_fail(-ENOENT, "%s: not in this image", program);
	return pn_fail(-EIO, "%s: %s %d: %s", program, WIFEXITED(status) ? "exit" : "signal",
		       WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), last_line(said));
}

int pn_program_run(const char *const *argv)
{
	int err[2];
	pid_t pid;

	if (pipe2(err, O_CLOEXEC) < 0)
		return pn_fail(-errno, "%s: %m", argv[0]);
	pid = fork();
	if (pid < 0)
		return pn_fail(-errno, "%s: %m", argv[0]);
	if (pid == 0) {
		int nothing = open("/dev/null", O_RDWR);

		dup2(nothing, 0);
		dup2(err[1], 1);
		dup2(err[1], 2);
		setenv("PATH", pn_program_path, 1);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	close(err[1]);
	return collect(pid, err[0], argv[0]);
}
