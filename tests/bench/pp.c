/* Two processes pass one byte back and forth through two pipes, ROUNDS times:
 * per round 4 system calls (8 events) and, on one CPU, 2 context switches. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void pass(int from, int to, long rounds)
{
	char byte = 0;

	while (rounds--)
		if (read(from, &byte, 1) != 1 || write(to, &byte, 1) != 1)
			exit(1);
}

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? atol(argv[1]) : 0;
	int ping[2], pong[2], status;
	char byte = 0;
	pid_t child;

	if (rounds <= 0) {
		fprintf(stderr, "usage: pp ROUNDS\n");
		return 2;
	}
	if (pipe(ping) || pipe(pong))
		return 1;
	child = fork();
	if (child < 0)
		return 1;
	if (child == 0) {
		pass(ping[0], pong[1], rounds);
		return 0;
	}
	if (write(ping[1], &byte, 1) != 1)
		return 1;
	pass(pong[0], ping[1], rounds - 1);
	if (read(pong[0], &byte, 1) != 1)
		return 1;
	wait(&status);
	return status != 0;
}
