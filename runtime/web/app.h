/* `pneuma app`: the prediction app. */
#ifndef PN_WEB_APP_H
#define PN_WEB_APP_H

/* With what stands after "app". The exit code: 0 after Ctrl-C or SIGTERM, 1 when it cannot start,
 * 2 for wrong usage. */
int pn_app_command(int argc, char **argv);

#endif
