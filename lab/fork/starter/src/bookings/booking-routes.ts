import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { timeoutHeader } from '../http/deadline.ts';
import { idempotencyHeader } from '../http/idempotency/idempotency-header.ts';
import { readIdempotencyKey } from '../http/idempotency/idempotency-key.ts';
import { createdHeaders, jsonResponse, problemResponses } from '../http/openapi.ts';
import { problems, sendProblem } from '../http/problem-details.ts';
import { scrub } from '../privacy/scrub.ts';
import type { Booking } from './booking.ts';
import {
  bookingBody,
  bookingPageSchema,
  bookingParams,
  bookingProblems,
  bookingRequestSchema,
  bookingSchema,
  listQuery,
} from './booking-schema.ts';
import { type BookingDependencies, createBooking } from './create-booking.ts';

const security = [{ apiKey: [] }];

/** The HTTP API of bookings: create, read, list. */
export const bookingRoutes: FastifyPluginAsyncTypebox<BookingDependencies> = async (app, dependencies) => {
  const { store } = dependencies;
  app.addSchema(bookingSchema);
  app.addSchema(bookingPageSchema);

  app.post(
    '/bookings',
    {
      config: { priority: 'place' },
      schema: {
        tags: ['Bookings'],
        operationId: 'createBooking',
        summary: 'Create a booking',
        headers: Type.Object({ ...idempotencyHeader('booking-1'), ...timeoutHeader }),
        body: bookingRequestSchema,
        security,
        response: {
          201: jsonResponse('Booking', 'The booking is confirmed.', createdHeaders),
          202: jsonResponse('Booking', 'Stored as pending, and decided without a repeat.', createdHeaders),
          ...problemResponses(
            problems.invalid_request,
            problems.payload_too_large,
            problems.unsupported_media_type,
            bookingProblems.booking_rejected,
            bookingProblems.idempotency_key_reused,
          ),
        },
      },
    },
    async (request, reply) => {
      const given = request.headers['idempotency-key'];
      const creation = await createBooking(dependencies, {
        clientId: request.clientId,
        request: request.body,
        idempotencyKey: given === undefined ? undefined : readIdempotencyKey(given).key,
        requestId: request.id,
        deadline: request.deadline,
      });
      if (creation.kind === 'key_reused')
        return sendProblem(reply, bookingProblems.idempotency_key_reused, 'Use a new key for a new booking.');
      if (creation.kind === 'replayed') reply.header('idempotency-replayed', 'true');
      return sendCreated(reply, creation.booking);
    },
  );

  app.get(
    '/bookings/:id',
    {
      config: { priority: 'read' },
      schema: {
        tags: ['Bookings'],
        operationId: 'getBooking',
        summary: 'Read a booking',
        headers: Type.Object(timeoutHeader),
        params: bookingParams,
        security,
        response: {
          200: jsonResponse('Booking', 'The booking in its current state.'),
          ...problemResponses(problems.invalid_request, bookingProblems.booking_not_found),
        },
      },
    },
    async (request, reply) => {
      const booking = await store.find(request.clientId, request.params.id, request.deadline);
      return booking === undefined
        ? sendProblem(reply, bookingProblems.booking_not_found, 'There is no booking with this id.')
        : bookingBody(booking);
    },
  );

  app.get(
    '/bookings',
    {
      config: { priority: 'list', largeAnswers: true },
      schema: {
        tags: ['Bookings'],
        operationId: 'listBookings',
        summary: 'List bookings, newest first',
        headers: Type.Object(timeoutHeader),
        querystring: listQuery,
        security,
        response: {
          200: jsonResponse('BookingPage', 'One page.'),
          ...problemResponses(problems.invalid_request),
        },
      },
    },
    async (request) => {
      const { limit = 20, cursor: before } = request.query;
      // One more than requested shows whether there is a next page.
      const found = await store.list(request.clientId, before, limit + 1, request.deadline);
      const page = found.slice(0, limit);
      return {
        bookings: page.map(bookingBody),
        nextCursor: found.length > limit ? (page.at(-1)?.id ?? null) : null,
      };
    },
  );
};

/** The status code follows from the state of the booking, whether this is the first request or a repeat. */
function sendCreated(reply: FastifyReply, booking: Booking): FastifyReply {
  reply.header('location', `/bookings/${booking.id}`);
  if (booking.status === 'confirmed') return reply.code(201).send(bookingBody(booking));
  if (booking.status === 'pending') return reply.code(202).send(bookingBody(booking));
  return sendProblem(
    reply,
    bookingProblems.booking_rejected,
    'The booking is stored as rejected. Change the request, and use a new key.',
    { bookingId: booking.id, rejectionReason: scrub(booking.reason) },
  );
}
